import type {Evaluated, Evaluation} from './evaluation.ts';
import {hasEqualLabels, hasPoint} from './matrix.ts';
import type {Call, Expr, MatrixSelector, SourceRange, Subquery} from '../parse/ast.ts';
import {absentLabels} from './absent.ts';
import {Annotations} from './annotations.ts';
import {nameOf, withoutMetadata} from './label-sets.ts';
import * as notes from './notes.ts';
import {RANGE_FUNCTIONS} from './range-functions.ts';
import type {RangeFunction} from './range-input.ts';
import {
  fail,
  isFloat,
  type RangeSeries,
  sameLabelset,
  type Series,
  type TimedValue,
  UndefinedUpstream,
  type Value,
} from './values.ts';

const ANCHORED_FUNCTIONS = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED_FUNCTIONS = ['delta', 'increase', 'rate'];
const START_TIME_FUNCTIONS: ReadonlySet<string> = new Set(['rate', 'irate', 'increase', 'resets']);

/** A subquery that was evaluated has no place in the text any more. */
const NOWHERE: SourceRange = {start: 0, end: 0};

/** The series of a range vector, each with its windows. */
interface Windows {
  readonly labels: RangeSeries['labels'];
  readonly dropName: boolean;
  /** The samples that a step sees. */
  readonly at: (timeMs: number) => readonly TimedValue[];
}

/** A function over a range vector: series by series, for each of them step by step. */
export function callOverRange(evaluator: Evaluation, call: Call, args: readonly Expr[]): Evaluated {
  const {name} = call.func;
  const annotations = new Annotations();
  const matrix = args.find((arg) => arg.type === 'matrix')!;
  // Within parameters of aggregations parentheses make upstream crash here.
  if (matrix.kind !== 'matrixSelector' && matrix.kind !== 'subquery') throw new UndefinedUpstream('parentheses');
  const fromSubquery = matrix.kind === 'subquery' ? evaluator.subquery(matrix) : undefined;
  annotations.merge(fromSubquery?.annotations);
  const parameters = args.flatMap((arg) => {
    if (arg === matrix) return [];
    const evaluated = evaluator.evaluate(arg);
    annotations.merge(evaluated.annotations);
    return [evaluated.series[0].points as readonly number[]];
  });
  checkMode(matrix, name);
  const windows =
    fromSubquery === undefined
      ? selected(evaluator, matrix as MatrixSelector, name)
      : windowsOf(evaluator, matrix as Subquery, fromSubquery.series);
  const context = {evaluator, name, matrix, args, parameters, annotations};
  const series = windows.map((one) => overSeries(context, one)).filter(hasPoint);
  if (name === 'absent_over_time') return {series: absentOverTime(evaluator, series, matrix), annotations};
  if (!evaluator.options.delayedNameRemoval && hasEqualLabels(series)) throw sameLabelset();
  return {series, annotations};
}

function checkMode(matrix: MatrixSelector | Subquery, name: string): void {
  if (matrix.kind === 'subquery') return;
  const {anchored, smoothed} = matrix.selector;
  if (!anchored && !smoothed) return;
  const allowed = anchored ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  if (allowed.includes(name)) return;
  fail(
    `${anchored ? 'anchored' : 'smoothed'} modifier can only be used with: ${allowed.join(', ')} - not with ${name}`,
  );
}

function selected(evaluator: Evaluation, matrix: MatrixSelector, name: string): Windows[] {
  const {tree, options, startMs, stepMs} = evaluator;
  const {selector} = matrix;
  const {anchored, smoothed} = selector;
  const offsetMs = tree.offsetMs(selector);
  const rangeMs = tree.rangeMs(matrix);
  const isFixed = tree.atMs(selector) !== undefined;
  const beforeMs = anchored || smoothed ? options.lookbackMs : 0;
  const afterMs = smoothed ? options.lookbackMs : 0;
  const wholeMs = rangeMs + beforeMs + afterMs;
  return evaluator.matching(selector).map((stored) => {
    const reader = evaluator.readerOf(selector, stored);
    let seekMs = wholeMs;
    const usesStart = options.useStartTimestamps && START_TIME_FUNCTIONS.has(name);
    const read = (timeMs: number): readonly TimedValue[] => {
      const endMs = timeMs - offsetMs;
      const found = reader.window(endMs - rangeMs - beforeMs, endMs + afterMs, seekMs);
      // From the second window on upstream skips only what no window needs.
      if (found.length > 0) seekMs = Math.min(wholeMs, stepMs);
      return usesStart ? found : found.map((sample) => ({...sample, startMs: 0}));
    };
    return {labels: stored.labels, dropName: false, at: fixedIf(isFixed, startMs, read)};
  });
}

function windowsOf(evaluator: Evaluation, subquery: Subquery, series: readonly RangeSeries[]): Windows[] {
  const {tree, startMs} = evaluator;
  const atMs = tree.atMs(subquery);
  const offsetMs = subqueryOffset(evaluator, subquery);
  const rangeMs = tree.rangeMs(subquery);
  return series.map(({labels, dropName, samples}) => {
    const read = (timeMs: number) => {
      const endMs = timeMs - offsetMs;
      return samples.filter((sample) => sample.timeMs > endMs - rangeMs && sample.timeMs <= endMs);
    };
    return {labels, dropName, at: fixedIf(atMs !== undefined, startMs, read)};
  });
}

function subqueryOffset({tree, startMs}: Evaluation, subquery: Subquery): number {
  const atMs = tree.atMs(subquery);
  return atMs === undefined ? tree.offsetMs(subquery) : tree.writtenOffsetMs(subquery) + startMs - atMs;
}

/** Under `@` the window of the first step is that of all. */
function fixedIf(
  isFixed: boolean,
  startMs: number,
  read: (timeMs: number) => readonly TimedValue[],
): (timeMs: number) => readonly TimedValue[] {
  if (!isFixed) return read;
  const window = read(startMs);
  return () => window;
}

interface CallContext {
  readonly evaluator: Evaluation;
  readonly name: string;
  readonly matrix: MatrixSelector | Subquery;
  readonly args: readonly Expr[];
  readonly parameters: readonly (readonly number[])[];
  readonly annotations: Annotations;
}

function overSeries(context: CallContext, windows: Windows): Series {
  const {evaluator, name, matrix, args, parameters, annotations} = context;
  const {tree, options} = evaluator;
  const compute: RangeFunction = RANGE_FUNCTIONS[name];
  const offsetMs = matrix.kind === 'subquery' ? subqueryOffset(evaluator, matrix) : tree.offsetMs(matrix.selector);
  const isAnchored = matrix.kind === 'matrixSelector' && matrix.selector.anchored;
  const isSmoothed = matrix.kind === 'matrixSelector' && matrix.selector.smoothed;
  const firstRange = rangeOf(args[0]);
  const points = evaluator.times.map((timeMs, step): Value | undefined => {
    const samples = windows.at(timeMs);
    if (samples.length === 0) return undefined;
    const found = new Annotations();
    const endMs = timeMs - offsetMs;
    const value = compute({
      name: nameOf(windows.labels),
      samples,
      parameters: parameters.map((values) => values[step]),
      timeMs,
      startMs: endMs - tree.rangeMs(matrix),
      endMs,
      rangeSeconds: tree.rangeSeconds(matrix),
      isAnchored,
      isSmoothed,
      firstRange,
      allRanges: {start: firstRange.start, end: rangeOf(args.at(-1)!).end},
      annotations: found,
    });
    annotations.merge(found);
    return value;
  });
  if (name === 'rate' || name === 'increase') noteNoCounter(context, windows, points, firstRange);
  const dropName = (name !== 'last_over_time' && name !== 'first_over_time') || windows.dropName;
  const labels = dropName && !options.delayedNameRemoval ? withoutMetadata(windows.labels) : windows.labels;
  return {labels, dropName, points};
}

const rangeOf = (arg: Expr): SourceRange => (arg.kind === 'subquery' ? NOWHERE : arg.range);

const COUNTER_ENDINGS = ['_total', '_sum', '_count', '_bucket'];

function noteNoCounter(
  {evaluator, annotations}: CallContext,
  {labels}: Windows,
  points: readonly (Value | undefined)[],
  range: SourceRange,
): void {
  const name = nameOf(labels);
  if (name === '' || !points.some(isFloat)) return;
  if (!evaluator.options.typeAndUnitLabels) {
    if (!COUNTER_ENDINGS.some((ending) => name.endsWith(ending))) annotations.add(notes.maybeNoCounter(name, range));
    return;
  }
  const type = labels.get('__type__');
  if (type !== 'counter' && type !== 'histogram') annotations.add(notes.maybeNoCounterByType(name, type, range));
}

/** 1 where no series has a sample in the range. */
function absentOverTime(evaluator: Evaluation, series: readonly Series[], matrix: MatrixSelector | Subquery): Series[] {
  const points = evaluator.times.map((_, step) =>
    series.some((one) => one.points[step] !== undefined) ? undefined : 1,
  );
  if (points.every((value) => value === undefined)) return [];
  return [{labels: absentLabels(matrix), dropName: true, points}];
}
