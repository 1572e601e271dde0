import {formatFloatE, formatFloatG, formatFloatPlain} from '@narthex/model/value.ts';
import type {AnnotationDetail, AnnotationPlace} from './annotations.ts';
import type {ClassicBuckets} from './classic-buckets.ts';

/**
 * Classic histograms whose counts had to be raised to be monotonic, over the steps of one operator, summed up in one info for each metric.
 *
 * The number of samples in the info is upstream's: at each step it merges what it collected before with itself once more, so that the number doubles from
 * step to step (promql/engine.go, `warnings.Merge(annos)` within rangeEval), as an integer of 64 bits.
 */
export class ForcedCounts {
  readonly #notes: AnnotationPlace;
  readonly #steps: number;
  readonly #byMetric = new Map<string, Forced>();

  constructor(notes: AnnotationPlace, steps: number) {
    this.#notes = notes;
    this.#steps = steps;
  }

  /** Notes what was done to `buckets` at a step; `metric` is what the info says about the metric. */
  note(metric: string, step: number, timeMs: number, buckets: ClassicBuckets): void {
    let forced = this.#byMetric.get(metric);
    if (forced === undefined) {
      forced = new Forced();
      this.#byMetric.set(metric, forced);
    }
    forced.add(step, this.#steps, timeMs, buckets);
  }

  /** Adds the infos; called once, at the end. */
  annotate(): void {
    for (const [metric, forced] of this.#byMetric) {
      const text =
        'PromQL info: input to histogram_quantile needed to be fixed for monotonicity ' +
        `(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${metric}`;
      this.#notes.detailed('info', text, () => new ForcedDetail()).add(forced);
    }
  }
}

/** What has been raised, and when. */
class Forced {
  minMs = Infinity;
  maxMs = -Infinity;
  minBound = Infinity;
  maxBound = -Infinity;
  maxDiff = 0;
  #firstStep = Infinity;
  /** What the samples of the first step were not doubled. */
  #firstShare = 0n;
  #samples = 0n;

  get samples(): bigint {
    return this.#samples - this.#firstShare;
  }

  add(step: number, steps: number, timeMs: number, {minBound, maxBound, maxDiff}: ClassicBuckets): void {
    this.minMs = Math.min(this.minMs, timeMs);
    this.maxMs = Math.max(this.maxMs, timeMs);
    this.minBound = Math.min(this.minBound, minBound);
    this.maxBound = Math.max(this.maxBound, maxBound);
    this.maxDiff = Math.max(this.maxDiff, maxDiff);
    this.#samples = integer(this.#samples + powerOfTwo(steps - step));
    if (step > this.#firstStep) return;
    if (step < this.#firstStep) this.#firstShare = 0n;
    this.#firstStep = step;
    this.#firstShare = integer(this.#firstShare + powerOfTwo(steps - step - 1));
  }
}

/** The same for all operators of a query. */
class ForcedDetail implements AnnotationDetail {
  #samples = 0n;
  #minMs = Infinity;
  #maxMs = -Infinity;
  #minBound = Infinity;
  #maxBound = -Infinity;
  #maxDiff = 0;

  add({samples, minMs, maxMs, minBound, maxBound, maxDiff}: Forced): void {
    this.#samples = integer(this.#samples + samples);
    this.#minMs = Math.min(this.#minMs, minMs);
    this.#maxMs = Math.max(this.#maxMs, maxMs);
    this.#minBound = Math.min(this.#minBound, minBound);
    this.#maxBound = Math.max(this.#maxBound, maxBound);
    this.#maxDiff = Math.max(this.#maxDiff, maxDiff);
  }

  toString(): string {
    const time = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
    const bounds = `from buckets ${formatFloatG(this.#minBound)} to ${formatFloatG(this.#maxBound)}`;
    const times = `from ${time(this.#minMs)} to ${time(this.#maxMs)}`;
    return `, ${bounds}, with a max diff of ${twoDigits(this.#maxDiff)}, over ${this.#samples} samples ${times}`;
  }
}

const integer = (n: bigint): bigint => BigInt.asIntN(64, n);
const powerOfTwo = (exponent: number): bigint => (exponent < 64 ? 1n << BigInt(exponent) : 0n);

/** Go's %.2g. */
function twoDigits(x: number): string {
  const rounded = Number(x.toPrecision(2));
  const exponent = rounded === 0 ? 0 : Math.floor(Math.log10(Math.abs(rounded)));
  return exponent < -4 || exponent >= 2 ? formatFloatE(rounded) : formatFloatPlain(rounded);
}
