// Quantiles and fractions of classic histograms, from cumulative counts by upper bound.

const SMALL_DELTA = 1e-12;
const NORMAL_MIN = 2.2250738585072014e-308;

/** The buckets of one histogram at one step. Reused from step to step. */
export class ClassicBuckets {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #length = 0;
  /** Counts were decreasing and had to be raised; then these three say where and by how much. */
  wasForced = false;
  minBound = Infinity;
  maxBound = -Infinity;
  maxDiff = 0;

  constructor(capacity: number) {
    this.#bounds = new Float64Array(capacity);
    this.#counts = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    this.wasForced = false;
  }

  /** Adds a bucket; bounds come in ascending order, equal ones are put together. */
  add(bound: number, count: number): void {
    const last = this.#length - 1;
    if (last >= 0 && this.#bounds[last] === bound) this.#counts[last] += count;
    else {
      this.#bounds[this.#length] = bound;
      this.#counts[this.#length++] = count;
    }
  }

  /** The estimated quantile `q`. Changes the counts: they are made monotonic. */
  quantile(q: number): number {
    if (q !== q) return NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    const last = this.#length - 1;
    if (this.#bounds[last] !== Infinity) return NaN;
    this.#makeMonotonic();
    if (this.#length < 2) return NaN;
    const observations = this.#counts[last];
    if (observations === 0) return NaN;
    let rank = q * observations;
    const b = this.#firstAtLeast(rank);
    if (b === last) return this.#bounds[last - 1];
    if (b === 0 && this.#bounds[0] <= 0) return this.#bounds[0];
    let start = 0;
    let count = this.#counts[b];
    if (b > 0) {
      start = this.#bounds[b - 1];
      count -= this.#counts[b - 1];
      rank -= this.#counts[b - 1];
    }
    return start + (this.#bounds[b] - start) * (rank / count);
  }

  /** The estimated share of observations between `lower` and `upper`. */
  fraction(lower: number, upper: number): number {
    const last = this.#length - 1;
    if (this.#bounds[last] !== Infinity) return NaN;
    const count = this.#counts[last];
    if (count === 0 || lower !== lower || upper !== upper) return NaN;
    if (lower >= upper) return 0;
    return (nanMin(this.#rankAt(upper, count), count) - nanMin(this.#rankAt(lower, count), count)) / count;
  }

  /** Observations at or below `value`, interpolated; `otherwise` above the last bound. */
  #rankAt(value: number, otherwise: number): number {
    let rank = 0;
    for (let i = 0; i < this.#length; i++) {
      const lower = i > 0 ? this.#bounds[i - 1] : this.#bounds[0] <= 0 ? -Infinity : 0;
      const upper = this.#bounds[i];
      if (lower >= value) return rank;
      if (upper > value) {
        if (lower === -Infinity) return this.#counts[i];
        return rank + ((this.#counts[i] - rank) * (value - lower)) / (upper - lower);
      }
      rank = this.#counts[i];
    }
    return otherwise;
  }

  #firstAtLeast(rank: number): number {
    let lo = 0;
    let hi = this.#length - 1;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if (this.#counts[middle] >= rank) hi = middle;
      else lo = middle + 1;
    }
    return lo;
  }

  #makeMonotonic(): void {
    this.minBound = Infinity;
    this.maxBound = -Infinity;
    this.maxDiff = 0;
    let before = this.#counts[0];
    for (let i = 1; i < this.#length; i++) {
      const count = this.#counts[i];
      if (count === before) continue;
      if (isAlmostEqual(before, count)) this.#counts[i] = before;
      else if (count < before) this.#raise(i, before);
      else before = count;
    }
  }

  #raise(i: number, to: number): void {
    this.wasForced = true;
    this.minBound = Math.min(this.minBound, this.#bounds[i]);
    this.maxBound = Math.max(this.maxBound, this.#bounds[i]);
    this.maxDiff = Math.max(this.maxDiff, to - this.#counts[i]);
    this.#counts[i] = to;
  }
}

/** `x > max ? max : x` that lets NaN through. */
const nanMin = (x: number, max: number): number => (x > max ? max : x);

function isAlmostEqual(a: number, b: number): boolean {
  if (a !== a && b !== b) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < NORMAL_MIN) return difference < SMALL_DELTA * NORMAL_MIN;
  return difference / Math.min(sum, Number.MAX_VALUE) < SMALL_DELTA;
}
