const CAPACITY_MIN = 256;

/** A list of unsigned 32-bit numbers in typed arrays, for lists that may have millions. */
export class NumberList {
  #values = new Uint32Array(CAPACITY_MIN);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(i: number): number {
    return this.#values[i];
  }
}

/** A set of small numbers, one bit each; what lies beyond the end is not in it. */
export class BitSet {
  #words: Uint32Array;

  /** Room for numbers below `limit`, to begin with. */
  constructor(limit: number) {
    this.#words = new Uint32Array((limit >>> 5) + 1);
  }

  has(value: number): boolean {
    const word = value >>> 5;
    return word < this.#words.length && ((this.#words[word] >>> (value & 31)) & 1) === 1;
  }

  /** Whether `value` is new. */
  add(value: number): boolean {
    const word = value >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    const bit = 1 << (value & 31);
    if ((this.#words[word] & bit) !== 0) return false;
    this.#words[word] |= bit;
    return true;
  }

  #grow(words: number): void {
    const larger = new Uint32Array(Math.max(words, this.#words.length * 2));
    larger.set(this.#words);
    this.#words = larger;
  }
}
