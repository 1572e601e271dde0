// Quantiles of a stream within a known error, in little memory: Cormode, Korn, Muthukrishnan and Srivastava,
// "Effective Computation of Biased Quantiles over Data Streams" (2005), with targeted quantiles.
// The stream is kept as a sorted list of values; value i stands for `widths[i]` observations, and its rank is
// known up to `slacks[i]`. A new value may be merged into its neighbour while the error stays within bounds.

/** A quantile that can be asked for, and how far off its rank may be (0.01 = one in a hundred observations). */
export interface QuantileTarget {
  readonly quantile: number;
  readonly error: number;
}

export class QuantileStream {
  private readonly targets: readonly QuantileTarget[];
  private values = new Float64Array(64);
  private widths = new Float64Array(64);
  private slacks = new Float64Array(64);
  private length = 0;
  private observed = 0;

  constructor(targets: readonly QuantileTarget[]) {
    this.targets = targets;
  }

  /** Number of observations. */
  get count(): number {
    return this.observed;
  }

  /** Number of values kept for them. */
  get size(): number {
    return this.length;
  }

  clear(): void {
    this.length = 0;
    this.observed = 0;
  }

  /** Takes in observations, sorted from low to high. The list stays the caller's. */
  addSorted(sorted: Float64Array): void {
    if (sorted.length === 0) return;
    this.merge(sorted);
    this.observed += sorted.length;
    this.compress();
  }

  private merge(sorted: Float64Array): void {
    const {values, widths, slacks, length} = this;
    this.allocate(length + sorted.length);
    let rank = 0;
    let i = 0;
    let out = 0;
    for (const value of sorted) {
      while (i < length && values[i] <= value) {
        rank += widths[i];
        this.put(out++, values[i], widths[i], slacks[i]);
        i++;
      }
      const isLast = i === length;
      this.put(out++, value, 1, isLast ? 0 : Math.max(0, Math.floor(this.allowed(rank)) - 1));
      rank++;
    }
    for (; i < length; i++) this.put(out++, values[i], widths[i], slacks[i]);
    this.length = out;
  }

  private allocate(length: number): void {
    this.values = new Float64Array(length);
    this.widths = new Float64Array(length);
    this.slacks = new Float64Array(length);
  }

  private put(at: number, value: number, width: number, slack: number): void {
    this.values[at] = value;
    this.widths[at] = width;
    this.slacks[at] = slack;
  }

  /** How many ranks two neighbours at `rank` may span together so that every target stays within its error. */
  private allowed(rank: number): number {
    let least = Infinity;
    for (const {quantile, error} of this.targets) {
      const below = quantile * this.observed > rank;
      const spread = below ? (this.observed - rank) / (1 - quantile) : rank / quantile;
      least = Math.min(least, 2 * error * spread);
    }
    return least;
  }

  /** Merges values into their right neighbours as far as the errors allow; from the right, in place. */
  private compress(): void {
    const {values, widths, slacks} = this;
    let kept = this.length - 1;
    let rank = this.observed - widths[kept];
    for (let i = this.length - 2; i >= 0; i--) {
      const width = widths[i];
      if (width + widths[kept] + slacks[kept] <= this.allowed(rank)) widths[kept] += width;
      else this.put(--kept, values[i], width, slacks[i]);
      rank -= width;
    }
    this.length -= kept;
    values.copyWithin(0, kept, kept + this.length);
    widths.copyWithin(0, kept, kept + this.length);
    slacks.copyWithin(0, kept, kept + this.length);
  }

  /** The value of the quantile, NaN without observations. */
  quantile(quantile: number): number {
    if (this.length === 0) return Number.NaN;
    const wanted = Math.ceil(quantile * this.observed);
    const limit = wanted + this.allowed(wanted) / 2;
    let rank = 0;
    for (let i = 1; i < this.length; i++) {
      rank += this.widths[i - 1];
      if (rank + this.widths[i] + this.slacks[i] > limit) return this.values[i - 1];
    }
    return this.values[this.length - 1];
  }
}
