import {parseGoFloat} from '@narthex/model/value.ts';
import type {MetricType} from './entry.ts';
import type {OpenMetric, Sample, SampleRole} from './family-collector.ts';
import type {LabelPair} from './family.ts';

/** An exemplar's label names and values together have at most so many UTF-8 characters. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

/** What a sample of a family may be called after the family's name, and what part of a metric it then is. */
export const SUFFIXES: Readonly<Record<MetricType, ReadonlyMap<string, SampleRole>>> = {
  counter: new Map([
    ['_total', 'plain'],
    ['_created', 'created'],
  ]),
  gauge: new Map([['', 'plain']]),
  histogram: new Map([
    ['_bucket', 'bucket'],
    ['_count', 'count'],
    ['_sum', 'sum'],
    ['_created', 'created'],
  ]),
  gaugehistogram: new Map([
    ['_bucket', 'bucket'],
    ['_gcount', 'count'],
    ['_gsum', 'sum'],
  ]),
  summary: new Map([
    ['', 'quantile'],
    ['_count', 'count'],
    ['_sum', 'sum'],
    ['_created', 'created'],
  ]),
  info: new Map([['_info', 'plain']]),
  stateset: new Map([['', 'plain']]),
  unknown: new Map([['', 'plain']]),
};

/** Number of UTF-8 characters in the names and values of an exemplar. */
export function exemplarLength(labels: readonly LabelPair[]): number {
  let length = 0;
  for (const [name, value] of labels) length += characters(name) + characters(value);
  return length;
}

function characters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
}

/** The number in an `le` or `quantile` label, NaN when the specification doesn't allow it there. */
export function boundaryOf(role: SampleRole, text: string): number {
  const value = parseGoFloat(text) ?? Number.NaN;
  if (role === 'quantile') return value >= 0 && value <= 1 ? value : Number.NaN;
  return Number.isFinite(value) || text === '+Inf' ? value : Number.NaN;
}

/** What is wrong with a sample of a family called `family`, undefined when nothing is. */
export function sampleFault(family: string, type: MetricType, sample: Sample): string | undefined {
  const {role, value, exemplar} = sample;
  if (exemplar !== undefined) {
    if (role !== 'bucket' && (type !== 'counter' || role !== 'plain'))
      return 'only counters and buckets have exemplars';
    if (exemplarLength(exemplar.labels) > EXEMPLAR_CHARACTERS_MAX) {
      return `labels of an exemplar exceed ${EXEMPLAR_CHARACTERS_MAX} UTF-8 characters`;
    }
  }
  if ((role === 'bucket' || role === 'quantile') && Number.isNaN(sample.boundary)) {
    return role === 'bucket' ? 'bucket without a valid label le' : 'quantile outside of 0 to 1';
  }
  return type === 'info' || type === 'stateset' ? stateFault(family, type, sample) : countFault(type, role, value);
}

function stateFault(family: string, type: 'info' | 'stateset', {labels, value}: Sample): string | undefined {
  if (type === 'info') return value === 1 ? undefined : 'value of an info is not 1';
  if (!labels.some(([name]) => name === family)) return `state without the label ${family}`;
  return value === 0 || value === 1 ? undefined : 'value of a state is neither 0 nor 1';
}

/** Whatever counts is a number and never negative; whatever counts observations is whole. */
function countFault(type: MetricType, role: SampleRole, value: number): string | undefined {
  const counts = role === 'bucket' || role === 'count' || role === 'sum' || (type === 'counter' && role === 'plain');
  if (!counts) return undefined;
  if (Number.isNaN(value)) return 'a count or sum is NaN';
  // The sum of a gauge histogram is judged with its buckets.
  if (value < 0 && (type !== 'gaugehistogram' || role !== 'sum')) return 'a count or sum is negative';
  const whole = role === 'bucket' || (role === 'count' && type !== 'summary');
  return whole && !Number.isInteger(value) ? 'a count of observations is not a whole number' : undefined;
}

/** What is wrong with a finished histogram, undefined when nothing is. */
export function histogramFault(type: MetricType, {parts, count, sum}: OpenMetric): string | undefined {
  for (let i = 1; i < parts.length; i++) {
    if (!(parts[i].boundary > parts[i - 1].boundary)) return 'buckets are not in order of le';
    if (parts[i].value < parts[i - 1].value) return 'buckets are not cumulative';
  }
  const last = parts.at(-1);
  if (last?.boundary !== Infinity) return 'histogram without a bucket for +Inf';
  if (count !== undefined && count !== last.value) return 'count differs from the bucket for +Inf';
  const negative = parts[0].boundary < 0;
  if (type === 'histogram' && negative && sum !== undefined) return 'histogram with a sum and a negative bucket';
  if ((count === undefined) !== (sum === undefined) && (type === 'gaugehistogram' || !negative)) {
    return 'histogram with only one of count and sum';
  }
  return sum !== undefined && sum < 0 && !negative ? 'negative sum without a negative bucket' : undefined;
}
