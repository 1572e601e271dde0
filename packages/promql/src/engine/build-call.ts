import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Call, Expr} from '../parse/ast.ts';
import type {Builder} from './builder.ts';
import {
  type BucketMeasure,
  fractionMeasure,
  labelledQuantiles,
  quantileMeasure,
  warnQuantiles,
} from './bucket-measure.ts';
import {clampCells, dropHistograms, mapAllFloats, mapFloats, mapSteps, mapWithParameter} from './cell-transforms.ts';
import {BucketFunction} from './histogram-functions.ts';
import {HISTOGRAM_NUMBERS, HistogramNumbers} from './histogram-numbers.ts';
import {Info, infoLookup} from './info.ts';
import {labelJoin, labelReplace, MapLabels} from './label-functions.ts';
import {EMPTY_SET, type LabelSetId} from './label-table.ts';
import {DATE_FUNCTIONS, FLOAT_FUNCTIONS} from './math.ts';
import {ALL_LABELS, type LabelDemand, NO_LABELS, type Operator} from './operator.ts';
import {OVER_TIME, RATES} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import {assert, notSupported} from './query-error.ts';
import {withoutParens} from './query-shape.ts';
import {NoRows} from './no-rows.ts';
import {DistinctRows} from './distinct-rows.ts';
import {annotatedRange, checkMode, rangeVectorOf} from './sampled-window.ts';
import {constant, type Scalar} from './scalar.ts';
import {Absent, VectorOf} from './single-row.ts';
import {haveOneName} from './series-labels.ts';
import {byLabels, byValue, SortRows} from './sort-rows.ts';
import {isMoment, type StepGrid} from './step-grid.ts';
import {WindowFunction} from './window.ts';

const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set([
  ...Object.keys(OVER_TIME),
  ...Object.keys(RATES),
  'irate',
  'idelta',
  'min_over_time',
  'max_over_time',
]);

/** The operator of a function that gives an instant vector. */
export function buildCall(builder: Builder, call: Call, grid: StepGrid, demand: LabelDemand): Operator {
  const {name} = call.func;
  const {context} = builder;
  if (WINDOW_FUNCTIONS.has(name)) return windowCall(builder, call, grid, demand);
  if (name in FLOAT_FUNCTIONS) {
    return builder.map(floatsOf(builder, call.args[0], grid), mapFloats(context, FLOAT_FUNCTIONS[name]), true);
  }
  if (name in DATE_FUNCTIONS) return dateCall(builder, call, grid);
  if (name in HISTOGRAM_NUMBERS) return histogramNumberCall(builder, call, grid);
  switch (name) {
    case 'absent':
      return new Absent(context, builder.vector(call.args[0], grid, NO_LABELS), absentLabels(context, call.args[0]));
    case 'absent_over_time':
      return absentOverTime(builder, call, grid);
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max':
      return clampCall(builder, call, grid);
    case 'round':
      return roundCall(builder, call, grid);
    case 'vector':
      return new VectorOf(context, builder.scalar(call.args[0], grid), grid);
    case 'timestamp':
      return timestampCall(builder, call, grid);
    case 'start_timestamp':
      return startTimestampCall(builder, call, grid);
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return sortCall(builder, call, grid);
    case 'label_replace':
    case 'label_join':
      return labelCall(builder, call, grid);
    case 'info':
      return infoCall(builder, call, grid);
    case 'histogram_quantile':
    case 'histogram_quantiles':
    case 'histogram_fraction':
      return bucketCall(builder, call, grid);
    default:
      throw notSupported(`function ${name}()`);
  }
}

/** A vector without its histograms. */
function floatsOf(builder: Builder, expr: Expr, grid: StepGrid): Operator {
  return builder.map(builder.vector(expr, grid), dropHistograms(builder.context), false);
}

function histogramNumberCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const child = builder.vector(call.args[0], grid);
  const numbers = new HistogramNumbers(builder.context, child, HISTOGRAM_NUMBERS[call.func.name]);
  return builder.distinct(numbers, child.distinctWithoutName, 'merge', false);
}

function windowCall(builder: Builder, call: Call, grid: StepGrid, demand: LabelDemand): Operator {
  const {context} = builder;
  const {name} = call.func;
  const keepsName = name === 'last_over_time' || name === 'first_over_time';
  const node = rangeVectorOf(call.args.find((arg) => arg.type === 'matrix')!);
  const windows = builder.windows(node, grid);
  checkMode(windows.mode, name);
  // Rows whose equal labels must be found are read with all labels.
  const isChecked = !keepsName && !context.options.delayedNameRemoval && !mayReduce(node, context);
  const source = builder.samples(node, grid, {
    demand: isChecked ? ALL_LABELS : demand,
    dropName: !keepsName,
    isResult: false,
  });
  const scalars = call.args.filter((arg) => arg.type === 'scalar').map((arg) => builder.scalar(arg, grid));
  const window = new WindowFunction(context, source, {
    call,
    grid,
    scalars,
    argumentRange: annotatedRange(call.args[0]),
    ...windows,
  });
  return keepsName ? window : builder.distinct(window, source.distinctWithoutName, 'refuse');
}

/** Whether labels can be reduced while they are read, since no two series become equal when their names go. */
function mayReduce(node: ReturnType<typeof rangeVectorOf>, context: QueryContext): boolean {
  return node.kind === 'matrixSelector' && haveOneName(context, node.selector.matchers);
}

function absentOverTime(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const node = rangeVectorOf(call.args[0]);
  const windows = builder.windows(node, grid);
  checkMode(windows.mode, call.func.name);
  const source = builder.samples(node, grid, {demand: NO_LABELS, dropName: true, isResult: false});
  const presence = new WindowFunction(context, source, {
    call,
    grid,
    scalars: [],
    argumentRange: annotatedRange(call.args[0]),
    ...windows,
  });
  return new Absent(context, presence, absentLabels(context, call.args[0]));
}

/** The labels that the equality conditions of a plain selector give, if each stands alone. */
function absentLabels({labels}: QueryContext, expr: Expr): LabelSetId {
  const inner = withoutParens(expr);
  const matchers =
    inner.kind === 'matrixSelector' ? inner.selector.matchers : inner.kind === 'vectorSelector' ? inner.matchers : [];
  const kept = new Map<string, string>();
  const seen = new Set<string>();
  for (const {name, type, value} of matchers as readonly Matcher[]) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      kept.set(name, value);
      seen.add(name);
    } else kept.delete(name);
  }
  return kept.size === 0 ? EMPTY_SET : labels.ofLabels(kept);
}

function dateCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const apply = DATE_FUNCTIONS[call.func.name];
  if (call.args.length > 0)
    return builder.map(floatsOf(builder, call.args[0], grid), mapAllFloats(context, apply), true);
  const now = new VectorOf(context, constant(0), grid);
  return builder.map(
    now,
    mapSteps(context, grid, (timeMs) => apply(Math.trunc(timeMs / 1000))),
    false,
  );
}

function clampCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {name} = call.func;
  const child = floatsOf(builder, call.args[0], grid);
  const bounds = call.args.slice(1).map((arg) => builder.scalar(arg, grid));
  const lower = name === 'clamp_max' ? constant(-Infinity) : bounds[0];
  const upper = name === 'clamp_min' ? constant(Infinity) : bounds.at(-1)!;
  return builder.map(child, clampCells(builder.context, lower, upper), true);
}

function roundCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const child = floatsOf(builder, call.args[0], grid);
  const nearest = call.args.length > 1 ? builder.scalar(call.args[1], grid) : constant(1);
  const round = (x: number, to: number): number => {
    const inverse = 1 / to;
    return Math.floor(x * inverse + 0.5) / inverse;
  };
  return builder.map(child, mapWithParameter(builder.context, nearest, round), true);
}

function timestampCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const inner = withoutParens(call.args[0]);
  if (inner.kind === 'vectorSelector') {
    const selector = builder.selector(inner, grid, ALL_LABELS, 'time');
    return builder.distinct(selector, selector.distinctWithoutName, 'merge');
  }
  return builder.map(
    builder.vector(call.args[0], grid),
    mapSteps(context, grid, (timeMs) => timeMs / 1000),
    true,
  );
}

/** Start timestamps are known of selectors alone, and only where they are looked at; the rest is evaluated for its errors. */
function startTimestampCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const inner = withoutParens(call.args[0]);
  if (inner.kind !== 'vectorSelector' || !builder.context.options.useStartTimestamps) {
    return new NoRows(builder.vector(call.args[0], grid));
  }
  const selector = builder.selector(inner, grid, ALL_LABELS, 'start');
  return builder.distinct(selector, selector.distinctWithoutName, 'merge');
}

function sortCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const {name} = call.func;
  const sign = name.endsWith('_desc') ? -1 : 1;
  if (name.startsWith('sort_by_label')) {
    const order = byLabels(context, textsOf(call.args.slice(1)), sign);
    return builder.stage(new SortRows(context, builder.vector(call.args[0], grid), call, order));
  }
  return builder.stage(new SortRows(context, floatsOf(builder, call.args[0], grid), call, byValue(context, sign)));
}

function labelCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const texts = textsOf(call.args.slice(1));
  const relabel = call.func.name === 'label_replace' ? labelReplace(context, texts) : labelJoin(context, texts);
  const mapped = new MapLabels(context, builder.vector(call.args[0], grid), texts[0], relabel);
  return new DistinctRows(context, mapped, 'merge', false);
}

function infoCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context, shape} = builder;
  const [first, second] = call.args;
  const selector = second === undefined ? undefined : withoutParens(second);
  assert(selector === undefined || selector.kind === 'vectorSelector', 'the second argument of info is a selector');
  const child = builder.vector(first, grid);
  return builder.stage(new Info(context, child, selector?.matchers, infoLookup(shape, first)));
}

function bucketCall(builder: Builder, call: Call, grid: StepGrid): Operator {
  const {context} = builder;
  const {args} = call;
  const argument = args.find((arg) => arg.type === 'vector')!;
  const scalarArgs = args.filter((arg) => arg.type === 'scalar');
  // Arguments in their order, so that errors come in theirs.
  const scalars = new Map<Expr, Scalar>();
  let child: Operator | undefined;
  for (const arg of args) {
    if (arg.type === 'scalar') scalars.set(arg, builder.scalar(arg, grid));
    else if (arg === argument) child = builder.vector(arg, grid);
  }
  assert(child !== undefined, 'a function of buckets has a vector');
  const values = scalarArgs.map((arg) => scalars.get(arg)!);
  const measures: BucketMeasure[] = [];
  const notes = scalarArgs.map((arg) => context.annotations.at(withoutParens(arg).range));
  builder.stages.push(() => {
    measures.push(...measuresOf(context, call, values, grid));
    if (call.func.name !== 'histogram_fraction') {
      for (const [i, value] of values.entries()) warnQuantiles(context, value, grid.count, notes[i]);
    }
  });
  const bucketed = builder.stage(new BucketFunction(context, child, measures, withoutParens(argument)));
  // An instant query that keeps names until its end checks nothing before.
  if (context.options.delayedNameRemoval && isMoment(grid)) return bucketed;
  return new DistinctRows(context, bucketed, 'merge');
}

function measuresOf(context: QueryContext, call: Call, values: readonly Scalar[], grid: StepGrid): BucketMeasure[] {
  switch (call.func.name) {
    case 'histogram_fraction':
      return [fractionMeasure(context, values[0], values[1], grid)];
    case 'histogram_quantiles': {
      const [label] = textsOf([call.args[1]]);
      return values.flatMap((q) => labelledQuantiles(context, q, grid, label));
    }
    default:
      return [quantileMeasure(context, values[0], grid)];
  }
}

function textsOf(args: readonly Expr[]): string[] {
  return args.map((arg) => {
    const inner = withoutParens(arg);
    assert(inner.kind === 'string', 'an argument of type string is a literal');
    return inner.value;
  });
}
