import type {InstantCall, NaiveOptions, StepInput, StepResult} from './evaluation.ts';
import {scalarSample} from './matrix.ts';
import {histogramAverage, histogramDeviation, histogramVariance} from '@narthex/model/histogram/moments.ts';
import {Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {DATE_FUNCTIONS, FLOAT_FUNCTIONS} from '../engine/math.ts';
import type {Expr} from '../parse/ast.ts';
import {absentLabels} from './absent.ts';
import {fractions, labelledQuantiles, quantiles} from './bucket-functions.ts';
import {without, withoutMetadata} from './label-sets.ts';
import {sortedByLabels, sortedByValue} from './sort.ts';
import {isFloat, isHistogram, type Sample} from './values.ts';

/** Functions whose order range queries do not keep. */
export const SORTS: ReadonlySet<string> = new Set(['sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc']);

const scalarOf = (vector: readonly Sample[]): number => vector[0].value as number;

/** New values for the floats of a vector; histograms are dropped without a word. */
function mapFloats(
  {options, timeMs}: InstantCall,
  vector: readonly Sample[],
  compute: (x: number) => number,
): StepResult {
  const isDelayed = options.delayedNameRemoval;
  const result = vector.flatMap(({labels, value}): Sample[] => {
    if (!isFloat(value)) return [];
    return [{labels: isDelayed ? labels : withoutMetadata(labels), dropName: true, value: compute(value), timeMs}];
  });
  return [result];
}

/** Floats that say something about the histograms of a vector. */
function ofHistograms(compute: (histogram: FloatHistogram) => number): InstantFunction {
  return ({options, timeMs, vectors: [vector]}) => {
    const isDelayed = options.delayedNameRemoval;
    const result = vector.flatMap(({labels, value}): Sample[] => {
      if (!isHistogram(value)) return [];
      // Unlike all others, these functions leave type and unit.
      const kept = isDelayed ? labels : without(labels, [METRIC_NAME]);
      return [{labels: kept, dropName: true, value: compute(value), timeMs}];
    });
    return [result];
  };
}

/** An infinity decides before a NaN does, as in Go. */
const goMax = (a: number, b: number): number => (a === Infinity || b === Infinity ? Infinity : Math.max(a, b));

function clamp(call: InstantCall, min: number, max: number): StepResult {
  if (max < min) return [[]];
  return mapFloats(call, call.vectors[0], (x) => goMax(min, -goMax(-max, -x)));
}

function round(call: InstantCall): StepResult {
  const inverse = 1 / (call.vectors.length < 2 ? 1 : scalarOf(call.vectors[1]));
  return mapFloats(call, call.vectors[0], (x) => Math.floor(x * inverse + 0.5) / inverse);
}

function scalar({vectors: [vector]}: InstantCall): StepResult {
  const floats = vector.filter(({value}) => isFloat(value));
  return [[scalarSample(floats.length === 1 ? (floats[0].value as number) : NaN)]];
}

/** The time of evaluation, of whatever there is. */
function timestamp({options, timeMs, vectors: [vector]}: InstantCall): StepResult {
  const isDelayed = options.delayedNameRemoval;
  const result = vector.map(({labels, timeMs: at}) => ({
    labels: isDelayed ? labels : withoutMetadata(labels),
    dropName: true,
    value: at / 1000,
    timeMs,
  }));
  return [result];
}

function absent({timeMs, vectors: [vector], args}: InstantCall): StepResult {
  if (vector.length > 0) return [[]];
  return [[{labels: absentLabels(args[0]), dropName: false, value: 1, timeMs}]];
}

type InstantFunction = (call: InstantCall) => StepResult;

const FUNCTIONS: Readonly<Record<string, InstantFunction>> = {
  absent,
  clamp: (call) => clamp(call, scalarOf(call.vectors[1]), scalarOf(call.vectors[2])),
  clamp_max: (call) => clamp(call, -Infinity, scalarOf(call.vectors[1])),
  clamp_min: (call) => clamp(call, scalarOf(call.vectors[1]), Infinity),
  histogram_avg: ofHistograms(histogramAverage),
  histogram_count: ofHistograms(({count}) => count),
  histogram_fraction: fractions,
  histogram_quantile: quantiles,
  histogram_quantiles: labelledQuantiles,
  histogram_stddev: ofHistograms(histogramDeviation),
  histogram_stdvar: ofHistograms(histogramVariance),
  histogram_sum: ofHistograms(({sum}) => sum),
  max_of: ({vectors: [a, b]}) => [[scalarSample(Math.max(scalarOf(a), scalarOf(b)))]],
  min_of: ({vectors: [a, b]}) => [[scalarSample(Math.min(scalarOf(a), scalarOf(b)))]],
  pi: () => [[scalarSample(Math.PI)]],
  round,
  scalar,
  sort: ({vectors: [vector]}) => [sortedByValue(vector, 1)],
  sort_by_label: ({vectors: [vector], args}) => [sortedByLabels(vector, textsOf(args.slice(1)), 1)],
  sort_by_label_desc: ({vectors: [vector], args}) => [sortedByLabels(vector, textsOf(args.slice(1)), -1)],
  sort_desc: ({vectors: [vector]}) => [sortedByValue(vector, -1)],
  // Of an expression nobody knows since when it counts.
  start_timestamp: () => [[]],
  time: ({timeMs}) => [[scalarSample(timeMs / 1000)]],
  timestamp,
  vector: ({vectors: [[{value}]], timeMs}) => [[{labels: Labels.empty, dropName: false, value, timeMs}]],
};

/** One step of a function without range vectors. */
export function callInstant(options: NaiveOptions, name: string, args: readonly Expr[], input: StepInput): StepResult {
  const call: InstantCall = {...input, name, options, args};
  const compute = FUNCTIONS[name];
  if (compute !== undefined) return compute(call);
  const date = DATE_FUNCTIONS[name];
  if (date === undefined) return mapFloats(call, call.vectors[0], FLOAT_FUNCTIONS[name]);
  if (args.length > 0) return mapFloats(call, call.vectors[0], date);
  const seconds = Math.trunc(input.timeMs / 1000);
  return [[{labels: Labels.empty, dropName: false, value: date(seconds), timeMs: input.timeMs}]];
}

const textsOf = (args: readonly Expr[]): string[] => args.map((arg) => (arg.kind === 'string' ? arg.value : ''));
