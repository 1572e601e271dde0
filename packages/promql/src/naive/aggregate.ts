import type {Evaluated, Evaluation} from './evaluation.ts';
import {type Group, hasPoint, inAnyOrder, Rows} from './matrix.ts';
import {isValidLabelName, type Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import {formatHistogram} from '@narthex/model/histogram/text.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {formatFloatG, formatFloatPlain} from '@narthex/model/value.ts';
import type {Aggregation, AggregationOp, SourceRange} from '../parse/ast.ts';
import {Annotations} from './annotations.ts';
import {choose} from './choose.ts';
import {kahan, meanOf, quantileOf} from './floats.ts';
import {compacted, haveResetCollision, mean, total, type Total} from './histograms.ts';
import {keyOf, nameOf, only, withLabel, without} from './label-sets.ts';
import * as notes from './notes.ts';
import {fail, isFloat, isHistogram, type Sample, type Series, type Value} from './values.ts';

function groupLabels({grouping, without: isWithout}: Aggregation, labels: Labels, extra: readonly string[]): Labels {
  if (isWithout) return without(labels, [METRIC_NAME, ...grouping]);
  return only(labels, [...grouping, ...extra]);
}

/** Groups in order of first appearance. */
function groupsOf(node: Aggregation, input: readonly Series[]): Group[] {
  const groups = new Map<string, {labels: Labels; members: Series[]}>();
  for (const series of input) {
    const labels = groupLabels(node, series.labels, []);
    const key = keyOf(labels);
    const group = groups.get(key) ?? {labels, members: []};
    group.members.push(series);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The number of samples of each value, at one step. */
export function countValues(
  node: Aggregation,
  vector: readonly Sample[],
  timeMs: number,
  isReversed?: boolean,
): Sample[] {
  const label = node.param?.kind === 'string' ? node.param.value : '';
  const counts = new Map<string, {labels: Labels; count: number}>();
  for (const {labels, value} of vector) {
    const text = isHistogram(value) ? formatHistogram(value) : formatFloatPlain(value);
    const group = groupLabels(node, withLabel(labels, label, text), [label]);
    const key = keyOf(group);
    counts.set(key, {labels: group, count: (counts.get(key)?.count ?? 0) + 1});
  }
  return inAnyOrder(counts.values(), isReversed).map(({labels, count}) => ({
    labels,
    dropName: false,
    value: count,
    timeMs,
  }));
}

export function checkCountValues(node: Aggregation): void {
  if (node.param?.kind === 'string' && !isValidLabelName(node.param.value))
    fail(`invalid label name ${quoteGo(node.param.value)}`);
}

/** An aggregation and where its notes go. */
interface Work {
  readonly node: Aggregation;
  /** The places of its two arguments in the text. */
  readonly range: SourceRange;
  readonly parameterRange: SourceRange;
  readonly annotations: Annotations;
}

/** Evaluates all aggregations but count_values. `parameter`: the first argument at each step. */
export function aggregate(
  evaluator: Evaluation,
  node: Aggregation,
  parameter: readonly (Value | undefined)[] | undefined,
  input: readonly Series[],
): Evaluated {
  const annotations = new Annotations();
  const {range} = evaluator.tree.argument(node, node.expr);
  const parameterRange = node.param === undefined ? range : evaluator.tree.argument(node, node.param).range;
  const work: Work = {node, range, parameterRange, annotations};
  const groups = groupsOf(node, input);
  const parameters = (parameter ?? []) as readonly number[];
  if (isChoice(node.op)) {
    if (!checkChoice(work, parameters)) return {series: [], annotations};
    return chooseSeries(evaluator, node, parameters, {groups, input, annotations});
  }
  if (node.op === 'quantile') noteBadQuantiles(work, parameters);
  const series = groups.map((group): {labels: Labels; dropName: boolean; points: (Value | undefined)[]} => ({
    labels: group.labels,
    dropName: false,
    points: [],
  }));
  for (const step of evaluator.times.keys()) {
    // Notes on single samples come first, in the order of the input.
    noteIgnored(work, input, step);
    for (const [i, group] of groups.entries()) {
      const members = group.members.filter(({points}) => points[step] !== undefined);
      const values = members.map(({points}) => points[step]!);
      const value = values.length === 0 ? undefined : aggregated(work, members, values, parameters[step]);
      series[i].points.push(value);
      if (value !== undefined) series[i].dropName = dropsName(node.op, members, values);
    }
  }
  return {series: series.filter(hasPoint), annotations};
}

const isChoice = (op: AggregationOp): op is 'topk' | 'bottomk' | 'limitk' | 'limit_ratio' =>
  op === 'topk' || op === 'bottomk' || op === 'limitk' || op === 'limit_ratio';

const IGNORES_HISTOGRAMS: ReadonlySet<AggregationOp> = new Set(['min', 'max', 'stddev', 'stdvar', 'quantile']);

/** Whether the name of a result goes: if that of any member does. Histograms before the first float are not looked at where they are ignored. */
function dropsName(op: AggregationOp, members: readonly Series[], values: readonly Value[]): boolean {
  const first = IGNORES_HISTOGRAMS.has(op) ? values.findIndex(isFloat) : 0;
  return members.slice(first).some(({dropName}) => dropName);
}

function noteIgnored({node, range, annotations}: Work, input: readonly Series[], step: number): void {
  if (!IGNORES_HISTOGRAMS.has(node.op)) return;
  if (input.some(({points}) => isHistogram(points[step]))) annotations.add(notes.ignoredInAggregation(node.op, range));
}

function aggregated(
  work: Work,
  members: readonly Series[],
  values: readonly Value[],
  parameter: number,
): Value | undefined {
  const floats = values.filter(isFloat);
  switch (work.node.op) {
    case 'count':
      return values.length;
    case 'group':
      return 1;
    case 'sum':
    case 'avg':
      return summed(work, members, values);
    default:
      return floats.length === 0 ? undefined : ofFloats(work.node.op, floats, parameter);
  }
}

function ofFloats(op: AggregationOp, floats: readonly number[], parameter: number): number {
  switch (op) {
    case 'min':
      return floats.reduce((best, x) => (best > x || Number.isNaN(best) ? x : best));
    case 'max':
      return floats.reduce((best, x) => (best < x || Number.isNaN(best) ? x : best));
    case 'stdvar':
      return variance(floats);
    case 'stddev':
      return Math.sqrt(variance(floats));
    case 'quantile':
      return quantileOf(parameter, floats);
    default:
      throw new Error(`no aggregation of floats: ${op}`);
  }
}

function variance(floats: readonly number[]): number {
  let mean = floats[0];
  let sum = Number.isFinite(mean) ? 0 : NaN;
  for (const [i, x] of floats.slice(1).entries()) {
    const delta = x - mean;
    mean += delta / (i + 2);
    sum += delta * (x - mean);
  }
  return sum / floats.length;
}

function summed(work: Work, members: readonly Series[], values: readonly Value[]): Value | undefined {
  const {node, range, annotations} = work;
  const floats = values.filter(isFloat);
  const histograms = values.filter(isHistogram);
  if (floats.length === values.length) return node.op === 'avg' ? meanOf(floats) : sumOf(floats);
  if (floats.length > 0) return mixed(work, members, values);
  const {histogram, reconciled} = node.op === 'avg' ? mean(histograms) : total(histograms);
  if (reconciled) annotations.add(notes.boundsReconciled('aggregation', range));
  if (histogram === undefined) {
    annotations.add(notes.mixedSchemas(nameOf(members[misfitOf(histograms)].labels), range));
    return undefined;
  }
  if (haveResetCollision(histograms)) annotations.add(notes.resetCollision('aggregation', range));
  return compacted(histogram);
}

/** The first histogram that does not go with those before it. */
function misfitOf(histograms: readonly FloatHistogram[]): number {
  return histograms.findIndex(({hasCustomBuckets}) => hasCustomBuckets !== histograms[0].hasCustomBuckets);
}

/** Floats and histograms have no sum. Upstream still adds up the histograms if one came first, and notes what happens. */
function mixed({node, range, annotations}: Work, members: readonly Series[], values: readonly Value[]): undefined {
  if (isHistogram(values[0])) {
    const histograms = values.filter(isHistogram);
    const {histogram, reconciled}: Total = node.op === 'avg' ? mean(histograms) : total(histograms);
    if (reconciled) annotations.add(notes.boundsReconciled('aggregation', range));
    if (histogram === undefined) {
      const misfit = values.indexOf(histograms[misfitOf(histograms)]);
      annotations.add(notes.mixedSchemas(nameOf(members[misfit].labels), range));
      // Nothing behind the misfit is looked at any more.
      if (!values.slice(0, misfit).some(isFloat)) return undefined;
    }
  }
  annotations.add(notes.mixedInAggregation(range));
  return undefined;
}

function sumOf(floats: readonly number[]): number {
  let [sum, c] = [floats[0], 0];
  for (const x of floats.slice(1)) [sum, c] = kahan(x, sum, c);
  return sum + c;
}

const maxOf = (parameters: readonly number[]): number => parameters.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE);
const minOf = (parameters: readonly number[]): number => parameters.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE);

function noteBadQuantiles({parameterRange: range, annotations}: Work, parameters: readonly number[]): void {
  if (parameters.some(Number.isNaN)) annotations.add(notes.badQuantile(NaN, range));
  if (maxOf(parameters) > 1) annotations.add(notes.badQuantile(maxOf(parameters), range));
  if (minOf(parameters) < 0) annotations.add(notes.badQuantile(minOf(parameters), range));
}

/** Checks the parameters of all steps; false: nothing is ever chosen. */
function checkChoice({node, parameterRange: range, annotations}: Work, parameters: readonly number[]): boolean {
  const [min, max] = [minOf(parameters), maxOf(parameters)];
  const hasNaN = parameters.some(Number.isNaN);
  if (node.op === 'limit_ratio') {
    if (max === 0 && min === 0) return false;
    if (hasNaN) fail('Ratio value is NaN');
    if (max > 1) annotations.add(notes.badRatio(max, 1, range));
    if (min < -1) annotations.add(notes.badRatio(min, -1, range));
    return true;
  }
  if (max < 1) return false;
  if (hasNaN) fail('Parameter value is NaN');
  if (min <= -(2 ** 63)) fail(`Scalar value ${formatFloatG(min)} underflows int64`);
  if (max >= 2 ** 63) fail(`Scalar value ${formatFloatG(max)} overflows int64`);
  return true;
}

function chooseSeries(
  evaluator: Evaluation,
  node: Aggregation,
  parameters: readonly number[],
  {groups, input, annotations}: {groups: readonly Group[]; input: readonly Series[]; annotations: Annotations},
): Evaluated {
  const rows = new Rows(evaluator.times.length, evaluator.options.reversesUnordered);
  // Upstream has a hash map for the order of rows; here it is that of the input.
  rows.reserve(input);
  for (const [step, timeMs] of evaluator.times.entries()) {
    const chosen = choose(node, parameters[step], {groups, input, step, timeMs, annotations});
    if (evaluator.isInstant) {
      const series = chosen.map(({labels, dropName, value}) => ({labels, dropName, points: [value]}));
      return {series, annotations};
    }
    for (const sample of chosen) rows.add(step, sample);
  }
  return {series: rows.series().filter(hasPoint), annotations};
}
