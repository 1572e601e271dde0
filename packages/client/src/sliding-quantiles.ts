import {quantileOf, QuantileStream, type QuantileTarget} from './quantile-stream.ts';

/** Observations collected before they are sorted and taken in together. */
const BUFFERED_MAX = 512;

/**
 * Quantiles over the last `maxAgeMs`: one stream for each of `ageBuckets` slices of that time, the oldest of which is
 * given up whenever a new one begins. An observation goes into one stream; a question reads them all.
 */
export class SlidingQuantiles {
  private readonly streams: QuantileStream[];
  private newest = 0;
  private readonly intervalMs: number;
  private nextTurnMs: number;
  private readonly buffer = new Float64Array(BUFFERED_MAX);
  private buffered = 0;
  private readonly now: () => number;

  /** `now` gives milliseconds on any clock that does not go back. */
  constructor(targets: readonly QuantileTarget[], maxAgeMs: number, ageBuckets: number, now: () => number) {
    this.streams = Array.from({length: ageBuckets}, () => new QuantileStream(targets));
    this.intervalMs = maxAgeMs / ageBuckets;
    this.now = now;
    this.nextTurnMs = now() + this.intervalMs;
  }

  observe(value: number): void {
    this.turn();
    // A NaN has no place among sorted numbers; the sum of the summary shows it.
    if (Number.isNaN(value)) return;
    this.buffer[this.buffered++] = value;
    if (this.buffered === BUFFERED_MAX) this.flush();
  }

  /** The value of the quantile, NaN when the window is empty. */
  quantile(quantile: number): number {
    this.turn();
    this.flush();
    return quantileOf(this.streams, quantile);
  }

  clear(): void {
    this.buffered = 0;
    for (const stream of this.streams) stream.clear();
  }

  private flush(): void {
    const sorted = this.buffer.subarray(0, this.buffered).sort();
    this.streams[this.newest].addSorted(sorted);
    this.buffered = 0;
  }

  private turn(): void {
    const now = this.now();
    if (now < this.nextTurnMs) return;
    this.flush();
    const turns = 1 + Math.floor((now - this.nextTurnMs) / this.intervalMs);
    for (let i = 0; i < Math.min(turns, this.streams.length); i++) {
      this.newest = (this.newest + 1) % this.streams.length;
      this.streams[this.newest].clear();
    }
    this.nextTurnMs += turns * this.intervalMs;
  }
}
