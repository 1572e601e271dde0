/** What two lists of buckets have together, and where the buckets of each lie in it. Arrays are replaced when they do not fit. */
export class BucketMerge {
  /** Indexes of the positive buckets of either, ascending, then of the negative ones. */
  indexes = new Int32Array(64);
  positives = 0;
  negatives = 0;
  /** Places in `indexes` of the old buckets, and of the new ones. */
  oldPlaces = new Int32Array(64);
  newPlaces = new Int32Array(64);

  #length = 0;

  /** Begins with room for lists of these lengths. */
  begin(oldBuckets: number, newBuckets: number): void {
    const capacity = oldBuckets + newBuckets;
    if (capacity > this.indexes.length) {
      this.indexes = new Int32Array(capacity * 2);
      this.oldPlaces = new Int32Array(capacity * 2);
      this.newPlaces = new Int32Array(capacity * 2);
    }
    this.#length = 0;
  }

  /** Merges the buckets of one sign, those of the lists from `oldFrom` and `newFrom` to their ends; first the positive ones, then the negative ones. */
  add(old: Int32Array, oldFrom: number, oldTo: number, next: Int32Array, newFrom: number, newTo: number): number {
    const from = this.#length;
    let i = oldFrom;
    let j = newFrom;
    while (i < oldTo || j < newTo) {
      const isOld = j === newTo || (i < oldTo && old[i] <= next[j]);
      const isNew = i === oldTo || (j < newTo && next[j] <= old[i]);
      this.indexes[this.#length] = isOld ? old[i] : next[j];
      if (isOld) this.oldPlaces[i++] = this.#length;
      if (isNew) this.newPlaces[j++] = this.#length;
      this.#length++;
    }
    return this.#length - from;
  }
}
