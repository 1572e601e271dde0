import type {Bucket, Exemplar, Point} from '@narthex/exposition/family.ts';
import type {Cells} from './cells.ts';
import {exemplarOf, type ExemplarLabels} from './exemplar.ts';
import {Instrument} from './instrument.ts';
import {stopwatch, timed} from './stopwatch.ts';

/** Below so many bounds a plain walk is faster than halving. */
const WALKED_MAX = 16;

/**
 * Counts observations into buckets. The cells hold one count a bucket (not cumulative, the last for +Inf), then the
 * sum; count and cumulative counts are made from them, so a page always fits together.
 */
export class Histogram extends Instrument {
  private readonly bounds: Float64Array;
  private exemplars: (Exemplar | undefined)[] | undefined;

  /** `bounds` are finite and rise. */
  constructor(cells: Cells, bounds: Float64Array) {
    super(cells, Histogram.stride(bounds));
    this.bounds = bounds;
  }

  /** Cells a histogram with these bounds needs. */
  static stride(bounds: Float64Array): number {
    return bounds.length + 2;
  }

  /** Counts one observation. The newest exemplar of each bucket goes out with OpenMetrics. */
  observe(value: number, exemplar?: ExemplarLabels): void {
    const bucket = this.bucketOf(value);
    const {values} = this.cells;
    values[this.at + bucket]++;
    values[this.at + this.bounds.length + 1] += value;
    if (exemplar !== undefined) this.keep(bucket, exemplarOf(exemplar, value));
  }

  /** Index of the first bound at or above `value`; NaN belongs to +Inf. */
  private bucketOf(value: number): number {
    const {bounds} = this;
    if (bounds.length <= WALKED_MAX) {
      let i = 0;
      while (i < bounds.length && !(value <= bounds[i])) i++;
      return i;
    }
    let lo = 0;
    let hi = bounds.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (value <= bounds[mid]) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  private keep(bucket: number, exemplar: Exemplar): void {
    this.exemplars ??= new Array<Exemplar | undefined>(this.bounds.length + 1).fill(undefined);
    this.exemplars[bucket] = exemplar;
  }

  /** Starts a watch; calling the result observes the seconds since and returns them. */
  startTimer(): () => number {
    const seconds = stopwatch();
    return () => {
      const elapsed = seconds();
      this.observe(elapsed);
      return elapsed;
    };
  }

  /** Observes the seconds that `work` takes, whether it returns, throws or is a promise. */
  time<T>(work: () => T): T {
    return timed(work, (seconds) => this.observe(seconds));
  }

  get count(): number {
    let count = 0;
    for (let i = 0; i <= this.bounds.length; i++) count += this.cells.values[this.at + i];
    return count;
  }

  get sum(): number {
    return this.cells.values[this.at + this.bounds.length + 1];
  }

  override reset(): void {
    super.reset();
    this.exemplars = undefined;
  }

  point(): Point {
    const buckets: Bucket[] = [];
    let count = 0;
    for (let i = 0; i <= this.bounds.length; i++) {
      count += this.cells.values[this.at + i];
      const upperBound = i < this.bounds.length ? this.bounds[i] : Infinity;
      buckets.push({upperBound, count, exemplar: this.exemplars?.[i]});
    }
    return {kind: 'histogram', count, sum: this.sum, buckets};
  }
}
