import {METRIC_NAME} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {childrenOf, type Expr} from '../parse/ast.ts';
import {isAbsentAt} from './arithmetic.ts';
import {type LabelSetId, labelSetIdOf} from './label-table.ts';
import {ALL_LABELS, type Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {executionError} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import type {Lookup, QueryShape} from './query-shape.ts';
import {RowTable} from './row-table.ts';
import {movementOf} from './sampled-window.ts';
import {Selector} from './selector.ts';
import {StepRows} from './step-rows.ts';
import {TableRows} from './table-rows.ts';

/** The labels that tell which info series belongs to a series. */
const IDENTIFYING = ['instance', 'job'];
const TARGET_INFO = new Matcher('=', METRIC_NAME, 'target_info');
const ANY_INFO = new Matcher('=~', METRIC_NAME, '.+_info');

/** info(): adds the labels of info series, such as target_info, to the rows with the same `instance` and `job`. */
export class Info extends TableRows {
  readonly distinctWithoutName = false;
  readonly #child: Operator;
  readonly #nameMatchers: readonly Matcher[];
  readonly #dataMatchers: readonly Matcher[];
  readonly #lookup: Lookup;

  /** `matchers` are those of the second argument; undefined when there is none. */
  constructor(context: QueryContext, child: Operator, matchers: readonly Matcher[] | undefined, lookup: Lookup) {
    super(context, child.grid);
    this.#child = child;
    this.#lookup = lookup;
    this.#nameMatchers = effectiveNames((matchers ?? [TARGET_INFO]).filter(({name}) => name === METRIC_NAME));
    this.#dataMatchers = (matchers ?? []).filter(({name}) => name !== METRIC_NAME);
  }

  run(): void {
    const base = RowTable.from(this.context, this.#child);
    const info = this.#readInfo(base);
    const rows = new StepRows(this.context, this.grid);
    const enrichment = new Enrichment(this.context, base, info, this.#dataMatchers, (row) => this.#isInfo(base, row));
    for (let step = 0; step < this.grid.count; step++) {
      if (step % 64 === 0) this.context.checkpoint();
      enrichment.step(step, rows);
      rows.endStep();
    }
    enrichment.free();
    rows.table.histograms.absorb(base.histograms);
    base.free();
    info.free();
    this.table = rows.finish();
  }

  /** Info series themselves are left alone. */
  #isInfo(base: RowTable, row: number): boolean {
    const name = this.context.labels.value(labelSetIdOf(base.labelsOf(row)), METRIC_NAME);
    return this.#nameMatchers.every((matcher) => matcher.matches(name));
  }

  /** Info series of the targets in `base`; their cells hold the times of their samples. */
  #readInfo(base: RowTable): RowTable {
    const {context, grid} = this;
    const matchers = IDENTIFYING.flatMap((name) => {
      const values = this.#valuesOf(base, name);
      return values.size === 0 ? [] : [new Matcher('=~', name, [...values].map(quoted).join('|'))];
    });
    if (matchers.length === 0) return new RowTable(context);
    const {firstMs, moveMs} = movementOf(this.#lookup, grid);
    const selector = new Selector(context, {
      matchers: [...matchers, ...this.#dataMatchers, ...this.#nameMatchers],
      grid,
      firstMs,
      moveMs,
      demand: ALL_LABELS,
      wanted: 'floatTime',
      dropName: false,
      isStatsOnly: false,
      range: undefined,
    });
    return RowTable.from(context, selector);
  }

  #valuesOf(base: RowTable, name: string): Set<string> {
    const values = new Set<string>();
    for (let row = 0; row < base.rows; row++) {
      if (!this.#isInfo(base, row)) values.add(this.context.labels.value(labelSetIdOf(base.labelsOf(row)), name));
    }
    values.delete('');
    return values;
  }
}

/** Conditions on the name that select info series: those of the query, if one of them is positive. */
function effectiveNames(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.some(({type}) => type === '=' || type === '=~')) return matchers;
  return matchers.length > 0 ? [ANY_INFO, ...matchers] : [TARGET_INFO];
}

const quoted = (text: string): string => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);

/** Finds the info series of each row, a step at a time. */
class Enrichment {
  readonly #context: QueryContext;
  readonly #base: RowTable;
  readonly #info: RowTable;
  readonly #dataMatchers: readonly Matcher[];
  readonly #isInfo: (row: number) => boolean;
  readonly #nameSymbol: number;
  /** Symbols of the names of all info series. */
  readonly #infoNames: readonly number[];
  /** By set of name and identifying labels: the info series (+ 1) that counts at this step. */
  readonly #newest: U32Column;

  constructor(
    context: QueryContext,
    base: RowTable,
    info: RowTable,
    dataMatchers: readonly Matcher[],
    isInfo: (row: number) => boolean,
  ) {
    this.#context = context;
    this.#base = base;
    this.#info = info;
    this.#dataMatchers = dataMatchers;
    this.#isInfo = isInfo;
    this.#nameSymbol = context.labels.symbol(METRIC_NAME);
    const names = new Set<number>();
    for (let row = 0; row < info.rows; row++) {
      names.add(context.labels.valueSymbol(labelSetIdOf(info.labelsOf(row)), this.#nameSymbol));
    }
    this.#infoNames = [...names];
    this.#newest = new U32Column(context.heap);
  }

  step(step: number, rows: StepRows): void {
    this.#findNewest(step);
    for (let row = 0; row < this.#base.rows; row++) {
      const cell = this.#presentCell(this.#base, row, step);
      if (cell !== 0) this.#emit(row, cell, step, rows);
    }
  }

  free(): void {
    this.#newest.free();
  }

  /** Of several info series of a target, the one with the newest sample counts. */
  #findNewest(step: number): void {
    this.#newest.length = 0;
    this.#newest.resize(this.#context.labels.size, 0);
    for (let row = 0; row < this.#info.rows; row++) {
      const cell = this.#presentCell(this.#info, row, step);
      if (cell === 0) continue;
      const key = this.#keyOf(labelSetIdOf(this.#info.labelsOf(row)));
      if (key >= this.#newest.length) this.#newest.resize(this.#context.labels.size, 0);
      const other = this.#newest.get(key) - 1;
      if (other < 0 || this.#isNewer(row, other, step)) this.#newest.set(key, row + 1);
    }
  }

  #isNewer(row: number, other: number, step: number): boolean {
    const time = this.#timeOf(row, step);
    const otherTime = this.#timeOf(other, step);
    if (time !== otherTime) return time > otherTime;
    const show = (i: number, ms: number) =>
      `${this.#context.labels.labels(labelSetIdOf(this.#info.labelsOf(i)))} @ ${ms}`;
    throw executionError(
      `found duplicate series for info metric: existing ${show(other, otherTime)}, new ${show(row, time)}`,
    );
  }

  #timeOf(row: number, step: number): number {
    return Math.round(this.#context.heap.memory.f64[this.#info.cellAt(row, step) >>> 3] * 1000);
  }

  #emit(row: number, cell: number, step: number, rows: StepRows): void {
    const ref = this.#base.labelsOf(row);
    const id = labelSetIdOf(ref);
    const enriched = this.#isInfo(row) ? id : this.#enrich(id);
    if (enriched === undefined) return;
    const {u32} = this.#context.heap.memory;
    const low = u32[cell >>> 2];
    const high = u32[(cell >>> 2) + 1];
    const to = rows.cell((enriched | (ref - id)) >>> 0, step) >>> 2;
    this.#context.heap.memory.u32[to] = low;
    this.#context.heap.memory.u32[to + 1] = high;
  }

  /** The labels with those of its info series; undefined where a condition on them is not met. */
  #enrich(id: LabelSetId): LabelSetId | undefined {
    const {labels} = this.#context;
    const added = new Map<string, string>();
    let hasInfo = false;
    for (const name of this.#infoNames) {
      const key = labels.withSymbols(this.#targetOf(id), this.#nameSymbol, name);
      const row = key < this.#newest.length ? this.#newest.get(key) - 1 : -1;
      if (row < 0) continue;
      hasInfo = true;
      this.#collect(id, row, added);
    }
    if (!hasInfo && this.#dataMatchers.some((matcher) => !matcher.matches(''))) return undefined;
    let enriched = id;
    for (const [name, value] of added) enriched = labels.with(enriched, name, value);
    return enriched;
  }

  #collect(id: LabelSetId, row: number, added: Map<string, string>): void {
    const {labels} = this.#context;
    for (const [name, value] of labels.labels(labelSetIdOf(this.#info.labelsOf(row))).entries()) {
      if (name === METRIC_NAME) continue;
      if (this.#dataMatchers.length > 0 && !this.#dataMatchers.some((matcher) => matcher.name === name)) continue;
      const known = added.get(name);
      if (known !== undefined && known !== value) throw executionError(`conflicting label: ${name}`);
      if (labels.value(id, name) === '') added.set(name, value);
    }
  }

  #targetOf(id: LabelSetId): LabelSetId {
    return this.#context.labels.projection(IDENTIFYING, true).of(id);
  }

  #keyOf(id: LabelSetId): LabelSetId {
    return this.#context.labels.projection([METRIC_NAME, ...IDENTIFYING], true).of(id);
  }

  #presentCell(table: RowTable, row: number, step: number): number {
    const cell = table.cellAt(row, step);
    return cell === 0 || isAbsentAt(this.#context.heap.memory.u32, cell) ? 0 : cell;
  }
}

/**
 * When the info series are looked up: at the time of the first selector in `expr`. Offsets of enclosing subqueries add up until an `@` fixes the time.
 */
export function infoLookup(shape: QueryShape, expr: Expr): Lookup {
  return firstLookup(shape, expr) ?? {atMs: undefined, offsetMs: 0};
}

function firstLookup(shape: QueryShape, expr: Expr): Lookup | undefined {
  if (expr.kind === 'vectorSelector') return shape.lookupOf(expr);
  for (const child of childrenOf(expr)) {
    const inner = firstLookup(shape, child);
    if (inner === undefined) continue;
    if (expr.kind !== 'subquery' || inner.atMs !== undefined) return inner;
    const outer = shape.lookupOf(expr);
    return {atMs: outer.atMs, offsetMs: inner.offsetMs + outer.offsetMs};
  }
  return undefined;
}
