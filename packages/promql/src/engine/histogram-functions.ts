import {METRIC_NAME} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {formatFloatE, formatFloatG, formatFloatPlain, parseGoFloat} from '@narthex/model/value.ts';
import type {Expr, SourceRange} from '../parse/ast.ts';
import {isAbsentAt} from './arithmetic.ts';
import {ClassicBuckets} from './classic-buckets.ts';
import {GroupedTable} from './grouped-table.ts';
import {DROP_NAME, labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {RowTable} from './row-table.ts';
import {type Scalar, scalarAt} from './scalar.ts';
import {stepTime} from './step-grid.ts';
import {TableRows} from './table-rows.ts';

const BUCKET_LABEL = 'le';

/** One result of a histogram at a step: a label to add to its labels, if any, and how to compute the value. */
export interface BucketMeasure {
  readonly label: readonly [name: string, value: string] | undefined;
  compute(buckets: ClassicBuckets, step: number): number;
}

/** What has been raised to make counts monotonic, over all steps of a metric. */
interface ForcedCounts {
  samples: number;
  minMs: number;
  maxMs: number;
  minBound: number;
  maxBound: number;
  maxDiff: number;
}

/** histogram_quantile(), histogram_quantiles() and histogram_fraction() over classic buckets. */
export class BucketFunction extends TableRows {
  readonly distinctWithoutName = false;
  readonly #child: Operator;
  readonly #measures: readonly BucketMeasure[];
  readonly #argumentRange: SourceRange;
  readonly #forced = new Map<string, ForcedCounts>();

  constructor(context: QueryContext, child: Operator, measures: readonly BucketMeasure[], argument: Expr) {
    super(context, child.grid);
    this.#child = child;
    this.#measures = measures;
    this.#argumentRange = argument.range;
  }

  run(): void {
    const {context} = this;
    const input = RowTable.from(context, this.#child);
    const bounds = this.#readBounds(input);
    const groups = new GroupedTable(context, input, context.labels.projection([BUCKET_LABEL], false));
    this.table = new RowTable(context);
    for (let group = 0; group < groups.length; group++) {
      context.checkpoint();
      this.#computeGroup(groups, group, bounds);
    }
    groups.free();
    context.heap.give(bounds, Math.max(1, input.rows) * 8);
    input.free();
    this.#annotateForced();
  }

  /** Address of a column with the upper bound of each row; its `le` may be unusable, then the row counts for nothing and is a NaN here. */
  #readBounds(input: RowTable): number {
    const {heap, labels, options, annotations} = this.context;
    const column = heap.take(Math.max(1, input.rows) * 8);
    for (let row = 0; row < input.rows; row++) {
      const id = labelSetIdOf(input.labelsOf(row));
      const text = labels.value(id, BUCKET_LABEL);
      const bound = parseGoFloat(text);
      if (bound === undefined) {
        const name = options.delayedNameRemoval ? forMetric(labels.value(id, METRIC_NAME)) : '';
        const what = `bucket label "le" is missing or has a malformed value of ${quoteGo(text)}${name}`;
        annotations.warn(what, this.#argumentRange);
      }
      heap.memory.f64[(column >>> 3) + row] = bound ?? NaN;
    }
    return column;
  }

  #computeGroup(groups: GroupedTable, group: number, bounds: number): void {
    const {heap, labels, options} = this.context;
    const rows = new BucketRows(this.context, groups, group, bounds);
    if (rows.length === 0) return;
    const id = labelSetIdOf(groups.labelsOf(group));
    const name = options.delayedNameRemoval ? labels.value(id, METRIC_NAME) : '';
    const kept = options.delayedNameRemoval ? id : labels.withoutName.of(id);
    const flag = options.delayedNameRemoval ? DROP_NAME : 0;
    const buckets = new ClassicBuckets(rows.length);
    for (const measure of this.#measures) {
      const target = measure.label === undefined ? kept : labels.with(kept, measure.label[0], measure.label[1]);
      const out = this.table!.push((target | flag) >>> 0, 0, this.grid.count);
      heap.memory.kernels.cellsClear(out, this.grid.count);
      const {f64} = heap.memory;
      for (let step = 0; step < this.grid.count; step++) {
        rows.load(step, buckets);
        if (buckets.length === 0) continue;
        f64[(out >>> 3) + step] = measure.compute(buckets, step);
        if (buckets.wasForced) this.#noteForced(name, step, buckets);
      }
    }
  }

  #noteForced(name: string, step: number, buckets: ClassicBuckets): void {
    const time = stepTime(this.grid, step);
    const {minBound, maxBound, maxDiff} = buckets;
    const known = this.#forced.get(name);
    if (known === undefined) {
      this.#forced.set(name, {samples: 1, minMs: time, maxMs: time, minBound, maxBound, maxDiff});
      return;
    }
    known.samples++;
    known.minMs = Math.min(known.minMs, time);
    known.maxMs = Math.max(known.maxMs, time);
    known.minBound = Math.min(known.minBound, minBound);
    known.maxBound = Math.max(known.maxBound, maxBound);
    known.maxDiff = Math.max(known.maxDiff, maxDiff);
  }

  #annotateForced(): void {
    for (const [name, forced] of this.#forced) {
      const text =
        'PromQL info: input to histogram_quantile needed to be fixed for monotonicity ' +
        `(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(name)}`;
      this.context.annotations.add('info', text, this.#argumentRange, () => describeForced(forced));
    }
  }
}

/** The rows of one histogram, by their upper bounds; copied to small arrays, since each step looks at all of them. */
class BucketRows {
  readonly length: number;
  readonly #context: QueryContext;
  readonly #bounds: Float64Array;
  readonly #firsts: Uint32Array;
  readonly #counts: Uint32Array;
  /** Index of the first cell of each row, in f64. */
  readonly #cells: Uint32Array;

  constructor(context: QueryContext, groups: GroupedTable, group: number, bounds: number) {
    const {table} = groups;
    const {f64} = context.heap.memory;
    const boundOf = (row: number) => f64[(bounds >>> 3) + row];
    const rows = Array.from({length: groups.sizeOf(group)}, (_, i) => groups.member(group, i))
      .filter((row) => !Number.isNaN(boundOf(row)))
      .toSorted((a, b) => boundOf(a) - boundOf(b) || a - b);
    this.#context = context;
    this.length = rows.length;
    this.#bounds = Float64Array.from(rows, boundOf);
    this.#firsts = Uint32Array.from(rows, (row) => table.firstOf(row));
    this.#counts = Uint32Array.from(rows, (row) => table.countOf(row));
    this.#cells = Uint32Array.from(rows, (row) => table.cellsOf(row) >>> 3);
  }

  /** Puts the buckets that are present at `step` to `buckets`. */
  load(step: number, buckets: ClassicBuckets): void {
    const {f64, u32} = this.#context.heap.memory;
    buckets.clear();
    for (let i = 0; i < this.length; i++) {
      const offset = step - this.#firsts[i];
      if (offset < 0 || offset >= this.#counts[i]) continue;
      const cell = this.#cells[i] + offset;
      if (!isAbsentAt(u32, cell << 3)) buckets.add(this.#bounds[i], f64[cell]);
    }
  }
}

const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quoteGo(name)}`);

function describeForced({samples, minMs, maxMs, minBound, maxBound, maxDiff}: ForcedCounts): string {
  const time = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  return (
    `, from buckets ${formatFloatG(minBound)} to ${formatFloatG(maxBound)}, with a max diff of ${twoDigits(maxDiff)}, ` +
    `over ${samples} samples from ${time(minMs)} to ${time(maxMs)}`
  );
}

/** Go's %.2g. */
function twoDigits(x: number): string {
  const rounded = Number(x.toPrecision(2));
  const exponent = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  return exponent < -4 || exponent >= 2 ? formatFloatE(rounded) : formatFloatPlain(rounded);
}

/** The quantile `q` of each step. */
export function quantileMeasure(
  context: QueryContext,
  q: Scalar,
  label: string | undefined,
  text: string,
): BucketMeasure {
  return {
    label: label === undefined ? undefined : [label, text],
    compute: (buckets, step) => buckets.quantile(scalarAt(context, q, step)),
  };
}

/** The share of observations between two bounds. */
export function fractionMeasure(context: QueryContext, lower: Scalar, upper: Scalar): BucketMeasure {
  return {
    label: undefined,
    compute: (buckets, step) => buckets.fraction(scalarAt(context, lower, step), scalarAt(context, upper, step)),
  };
}

/** Warns of quantiles outside [0, 1], as upstream does at every step. */
export function warnQuantiles(context: QueryContext, q: Scalar, steps: number, range: SourceRange): void {
  for (let step = 0; step < (q.kind === 'constant' ? Math.min(1, steps) : steps); step++) {
    const value = scalarAt(context, q, step);
    if (value >= 0 && value <= 1) continue;
    context.annotations.warn(`quantile value should be between 0 and 1, got ${formatFloatG(value)}`, range);
  }
}
