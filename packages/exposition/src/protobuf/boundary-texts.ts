import {BoundedCache} from '@narthex/model/bounded-cache.ts';
import {formatOpenMetricsFloat} from '../format-float.ts';

/** Positions remembered; histograms have fewer buckets. */
const POSITIONS_MAX = 1024;
const known = new BoundedCache<number, Uint8Array>(4096);

/**
 * Texts of `le` and `quantile`. The metrics of a family mostly have the same ones in the same places, which makes asking
 * for them as cheap as a comparison.
 */
export class BoundaryTexts {
  private readonly bounds: number[] = [];
  private readonly texts: Uint8Array[] = [];

  /** The value as OpenMetrics writes floats; `i` is its place in the list. */
  at(i: number, bound: number): Uint8Array {
    if (i < this.bounds.length && this.bounds[i] === bound) return this.texts[i];
    const text = known.get(bound) ?? Buffer.from(formatOpenMetricsFloat(bound));
    known.set(bound, text);
    // Places are asked for in order, but a list may be longer than what is remembered.
    if (i <= this.bounds.length && i < POSITIONS_MAX) {
      this.bounds[i] = bound;
      this.texts[i] = text;
    }
    return text;
  }
}
