// Lists of numbers that are filled again for every metric: they grow, and never shrink.

const LENGTH = 16;

/** A list of floats; their bits may be written through `words`, two a value. */
export class FloatColumn {
  length = 0;
  values = new Float64Array(LENGTH);
  words = new Uint32Array(this.values.buffer);

  clear(): void {
    this.length = 0;
  }

  push(value: number): void {
    const i = this.grow();
    this.values[i] = value;
  }

  /** Adds an element that the caller fills, after which `values` and `words` may be others; gives its position. */
  grow(): number {
    if (this.length === this.values.length) {
      const {values} = this;
      this.values = new Float64Array(2 * values.length);
      this.values.set(values);
      this.words = new Uint32Array(this.values.buffer);
    }
    return this.length++;
  }
}

/** A list of signed 32-bit numbers. */
export class IntColumn {
  length = 0;
  values = new Int32Array(LENGTH);

  clear(): void {
    this.length = 0;
  }

  push(value: number): void {
    const i = this.grow(1);
    this.values[i] = value;
  }

  /** Adds up to 16 elements that the caller fills, after which `values` may be another; gives the position of the first. */
  grow(count: number): number {
    const first = this.length;
    if (first + count > this.values.length) {
      const {values} = this;
      this.values = new Int32Array(2 * values.length);
      this.values.set(values);
    }
    this.length = first + count;
    return first;
  }
}
