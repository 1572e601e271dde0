const CAPACITY_MIN = 64;

/** The chunks of one series in the order of time: what an index says of them. Used again for the next series. */
export class ChunkList {
  count = 0;
  /** Times of the first and the last sample of each chunk, ms. */
  minTimes = new Float64Array(CAPACITY_MIN);
  maxTimes = new Float64Array(CAPACITY_MIN);
  /** Where each chunk lies: number of the file * 2^32 + offset. */
  refs = new Float64Array(CAPACITY_MIN);

  clear(): void {
    this.count = 0;
  }

  add(minTime: number, maxTime: number, ref: number): void {
    if (this.count === this.refs.length) this.#grow();
    this.minTimes[this.count] = minTime;
    this.maxTimes[this.count] = maxTime;
    this.refs[this.count++] = ref;
  }

  #grow(): void {
    this.minTimes = larger(this.minTimes);
    this.maxTimes = larger(this.maxTimes);
    this.refs = larger(this.refs);
  }
}

function larger(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(values.length * 2);
  copy.set(values);
  return copy;
}
