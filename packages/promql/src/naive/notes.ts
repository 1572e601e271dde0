// What the language warns of and informs about, with upstream's texts.
import {quoteGo} from '@narthex/model/quote.ts';
import {formatFloatG} from '@narthex/model/value.ts';
import type {SourceRange} from '../parse/ast.ts';
import {Annotation} from './annotations.ts';

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

const warning = (text: string, range: SourceRange): Annotation => new Annotation('warning', text, range);
const info = (text: string, range: SourceRange): Annotation => new Annotation('info', text, range);
const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quoteGo(name)}`);

export const badQuantile = (q: number, range: SourceRange): Annotation =>
  warning(`quantile value should be between 0 and 1, got ${formatFloatG(q)}`, range);

export const badRatio = (ratio: number, cap: number, range: SourceRange): Annotation =>
  warning(`ratio value should be between -1 and 1, got ${formatFloatG(ratio)}, capping to ${formatFloatG(cap)}`, range);

export const badBucketLabel = (name: string, label: string, range: SourceRange): Annotation =>
  warning(`bucket label "le" is missing or has a malformed value of ${quoteGo(label)}${forMetric(name)}`, range);

export const mixedFloatsHistograms = (name: string, range: SourceRange): Annotation =>
  warning(`encountered a mix of histograms and floats for metric name ${quoteGo(name)}`, range);

export const mixedInAggregation = (range: SourceRange): Annotation =>
  warning('encountered a mix of histograms and floats for aggregation', range);

export const mixedClassicNative = (name: string, range: SourceRange): Annotation =>
  warning(`vector contains a mix of classic and native histograms${forMetric(name)}`, range);

export const notCounter = (name: string, range: SourceRange): Annotation =>
  warning(`this native histogram metric is not a counter: ${quoteGo(name)}`, range);

export const notGauge = (name: string, range: SourceRange): Annotation =>
  warning(`this native histogram metric is not a gauge: ${quoteGo(name)}`, range);

export const mixedSchemas = (name: string, range: SourceRange): Annotation =>
  warning(
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoteGo(name)}`,
    range,
  );

export const incompatibleBuckets = (op: string, range: SourceRange): Annotation =>
  warning(`incompatible bucket layout encountered for binary operator ${op}`, range);

export const sortInRange = (range: SourceRange): Annotation =>
  warning('sort is ineffective for range queries since results are always ordered by labels', range);

export const resetCollision = (operation: HistogramOperation, range: SourceRange): Annotation =>
  warning(`conflicting counter resets during histogram ${operation}`, range);

export const maybeNoCounter = (name: string, range: SourceRange): Annotation =>
  info(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(name)}`, range);

export const maybeNoCounterByType = (name: string, type: string, range: SourceRange): Annotation =>
  info(
    `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoteGo(type)}: ${quoteGo(name)}`,
    range,
  );

export const incompatibleTypes = (left: string, op: string, right: string, range: SourceRange): Annotation =>
  info(`incompatible sample types encountered for binary operator ${quoteGo(op)}: ${left} ${op} ${right}`, range);

export const ignoredInAggregation = (op: string, range: SourceRange): Annotation =>
  info(`ignored histogram in ${op} aggregation`, range);

export const ignoredInRange = (name: string, range: SourceRange): Annotation =>
  info(`ignored histograms in a range containing both floats and histograms for metric name ${quoteGo(name)}`, range);

export const quantileIsNaN = (name: string, range: SourceRange): Annotation =>
  info(`input to histogram_quantile has NaN observations, result is NaN${forMetric(name)}`, range);

export const quantileIsSkewed = (name: string, range: SourceRange): Annotation =>
  info(`input to histogram_quantile has NaN observations, result is skewed higher${forMetric(name)}`, range);

export const fractionHasNaNs = (name: string, range: SourceRange): Annotation =>
  info(
    `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(name)}`,
    range,
  );

export const boundsReconciled = (operation: HistogramOperation, range: SourceRange): Annotation =>
  info(`mismatched custom buckets were reconciled during ${operation}`, range);

/** Start timestamps overlap with earlier samples; counts how often. */
class StartTimeOverlap extends Annotation {
  #count = 1;

  override mergedInto(earlier: Annotation): Annotation {
    if (earlier instanceof StartTimeOverlap) earlier.#count += this.#count;
    return earlier;
  }

  override detail(): string {
    return this.#count > 1 ? ` (${this.#count} occurrences)` : '';
  }
}

export const startTimeOverlap = (name: string, range: SourceRange): Annotation =>
  new StartTimeOverlap(
    'warning',
    `sample has start time that overlaps with previous sample timestamp for metric ${quoteGo(name)}`,
    range,
  );

/** Where and by how much counts of buckets were raised. */
export interface ForcedBuckets {
  readonly minBound: number;
  readonly maxBound: number;
  readonly maxDiff: number;
}

const FORCED =
  'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';

/** Counts of classic buckets were not monotonic; sums up over steps and histograms. */
class ForcedMonotonicity extends Annotation {
  #minMs: number;
  #maxMs: number;
  #buckets: ForcedBuckets;
  /** One less than the number of histograms, as upstream counts. */
  #count = 0;

  constructor(name: string, range: SourceRange, timeMs: number, buckets: ForcedBuckets) {
    super('info', `${FORCED}${forMetric(name)}`, range);
    this.#minMs = timeMs;
    this.#maxMs = timeMs;
    this.#buckets = buckets;
  }

  override mergedInto(earlier: Annotation): Annotation {
    if (!(earlier instanceof ForcedMonotonicity)) return this;
    const [mine, theirs] = [this.#buckets, earlier.#buckets];
    earlier.#minMs = Math.min(earlier.#minMs, this.#minMs);
    earlier.#maxMs = Math.max(earlier.#maxMs, this.#maxMs);
    earlier.#buckets = {
      minBound: Math.min(mine.minBound, theirs.minBound),
      maxBound: Math.max(mine.maxBound, theirs.maxBound),
      maxDiff: Math.max(mine.maxDiff, theirs.maxDiff),
    };
    earlier.#count += this.#count + 1;
    return earlier;
  }

  override detail(): string {
    const {minBound, maxBound, maxDiff} = this.#buckets;
    const bounds = `from buckets ${formatFloatG(minBound)} to ${formatFloatG(maxBound)}`;
    const times = `from ${rfc3339(this.#minMs)} to ${rfc3339(this.#maxMs)}`;
    return `, ${bounds}, with a max diff of ${twoDigits(maxDiff)}, over ${this.#count + 1} samples ${times}`;
  }
}

export const forcedMonotonicity = (
  name: string,
  range: SourceRange,
  timeMs: number,
  buckets: ForcedBuckets,
): Annotation => new ForcedMonotonicity(name, range, timeMs, buckets);

/** Go's `%.2g`. */
function twoDigits(x: number): string {
  return formatFloatGOf(Number(x.toPrecision(2)));
}

/** `%.2g` takes the exponent from 100 on. */
function formatFloatGOf(x: number): string {
  if (x === 0 || !Number.isFinite(x) || (Math.abs(x) >= 1e-4 && Math.abs(x) < 100)) return formatFloatG(x);
  const [digits, exponent] = x.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** Whole seconds, cut towards zero as Go divides. */
const rfc3339 = (timeMs: number): string =>
  new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
