// Quantiles of a stream within a known error, in little memory: Cormode, Korn, Muthukrishnan and Srivastava,
// "Effective Computation of Biased Quantiles over Data Streams" (2005), with targeted quantiles.
// The stream is kept as a sorted list of values; value i stands for `widths[i]` observations, and its rank is
// known up to `slacks[i]`. A value may be merged into its neighbour while the error stays within bounds. Unlike in
// the paper a new value takes its slack from the value above it: what is known about ranks is then always true, also
// when the quantiles move while the stream goes on.

/** 2 by the paper; what is missing is left for rounding and for quantiles that move while the stream goes on. */
const WIDTH = 1.7;

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
    let i = 0;
    let out = 0;
    for (const value of sorted) {
      while (i < length && values[i] <= value) {
        this.put(out++, values[i], widths[i], slacks[i]);
        i++;
      }
      // A new least or greatest value has a known rank; any other shares the doubt about the value above it.
      const isEnd = i === 0 || i === length;
      this.put(out++, value, 1, isEnd ? 0 : widths[i] + slacks[i] - 1);
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
      least = Math.min(least, WIDTH * error * spread);
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

  /** Copies the kept values and the observations each stands for to both lists from `at` on. */
  copyTo(values: Float64Array, widths: Float64Array, at: number): void {
    values.set(this.values.subarray(0, this.length), at);
    widths.set(this.widths.subarray(0, this.length), at);
  }

  /** How far the rank of a value near the quantile may be off, to either side. */
  rankError(quantile: number): number {
    return this.allowed(quantile * this.observed) / 2;
  }
}

/**
 * The value of a quantile over all streams together, NaN without observations. Errors of ranks add up as the
 * observations do, so the whole is as good as each part: the first value is taken whose known rank is within the
 * error below the wanted one; what isn't known lies above, within the same distance.
 */
export function quantileOf(streams: readonly QuantileStream[], quantile: number): number {
  let observed = 0;
  let size = 0;
  let error = 0;
  for (const stream of streams) {
    observed += stream.count;
    size += stream.size;
    error += stream.rankError(quantile);
  }
  const values = new Float64Array(size);
  const widths = new Float64Array(size);
  let at = 0;
  for (const stream of streams) {
    stream.copyTo(values, widths, at);
    at += stream.size;
  }
  const wanted = Math.ceil(quantile * observed) - error;
  let rank = 0;
  for (const i of Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b])) {
    rank += widths[i];
    if (rank >= wanted) return values[i];
  }
  return Number.NaN;
}
