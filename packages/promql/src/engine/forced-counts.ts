import {formatFloatE, formatFloatG, formatFloatPlain} from '@narthex/model/value.ts';
import type {SourceRange} from '../parse/ast.ts';
import type {Annotations} from './annotations.ts';
import type {ClassicBuckets} from './classic-buckets.ts';

/** What has been raised to make counts monotonic, over all steps of a metric. */
interface Forced {
  samples: number;
  minMs: number;
  maxMs: number;
  minBound: number;
  maxBound: number;
  maxDiff: number;
}

/** Classic histograms whose counts had to be raised, summed up in one info for each metric. */
export class ForcedCounts {
  readonly #annotations: Annotations;
  readonly #range: SourceRange;
  readonly #byMetric = new Map<string, Forced>();

  constructor(annotations: Annotations, range: SourceRange) {
    this.#annotations = annotations;
    this.#range = range;
  }

  /** Notes what was done to `buckets` at a time; `metric` is what the info says about the metric. */
  note(metric: string, timeMs: number, {minBound, maxBound, maxDiff}: ClassicBuckets): void {
    const known = this.#byMetric.get(metric);
    if (known === undefined) {
      this.#byMetric.set(metric, {samples: 1, minMs: timeMs, maxMs: timeMs, minBound, maxBound, maxDiff});
      return;
    }
    known.samples++;
    known.minMs = Math.min(known.minMs, timeMs);
    known.maxMs = Math.max(known.maxMs, timeMs);
    known.minBound = Math.min(known.minBound, minBound);
    known.maxBound = Math.max(known.maxBound, maxBound);
    known.maxDiff = Math.max(known.maxDiff, maxDiff);
  }

  /** Adds the infos; called once, at the end. */
  annotate(): void {
    for (const [metric, forced] of this.#byMetric) {
      const text =
        'PromQL info: input to histogram_quantile needed to be fixed for monotonicity ' +
        `(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${metric}`;
      this.#annotations.add('info', text, this.#range, () => describe(forced));
    }
  }
}

function describe({samples, minMs, maxMs, minBound, maxBound, maxDiff}: Forced): string {
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
