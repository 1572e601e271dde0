import {type QueryHeap, U32Column} from './query-heap.ts';

/**
 * Texts that a query makes itself, numbered from 0: their bytes, and the table that finds them, lie in the query's memory, since a query may make one for
 * each of its series.
 */
export class LocalSymbols {
  readonly #heap: QueryHeap;
  /** Where the bytes of each text begin; one more than there are texts. */
  readonly #begins: U32Column;
  /** Number (+ 1) by hash, open addressing. */
  readonly #slots: U32Column;
  #bytes = 0;
  #size = 0;

  constructor(heap: QueryHeap) {
    this.#heap = heap;
    this.#begins = new U32Column(heap);
    this.#slots = new U32Column(heap);
    this.#begins.push(0);
    this.#slots.resize(64, 0);
  }

  get length(): number {
    return this.#begins.length - 1;
  }

  /** The number of a text, -1 when there is none. */
  find(text: string): number {
    const bytes = Buffer.from(text);
    return this.#slots.get(this.#slotOf(bytes)) - 1;
  }

  /** Adds a text that is not there yet; returns its number. */
  add(text: string): number {
    const bytes = Buffer.from(text);
    const begin = this.#begins.get(this.length);
    this.#reserve(begin + bytes.length);
    this.#heap.memory.u8.set(bytes, this.#bytes + begin);
    const slot = this.#slotOf(bytes);
    this.#begins.push(begin + bytes.length);
    this.#slots.set(slot, this.length);
    if (this.length * 2 > this.#slots.length) this.#growSlots();
    return this.length - 1;
  }

  text(number: number): string {
    return Buffer.from(this.#bytesOf(number)).toString();
  }

  #bytesOf(number: number): Uint8Array {
    return this.#heap.memory.u8.subarray(
      this.#bytes + this.#begins.get(number),
      this.#bytes + this.#begins.get(number + 1),
    );
  }

  /** The slot that has the text, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(bytes) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots.get(slot) - 1;
      if (number < 0 || Buffer.compare(this.#bytesOf(number), bytes) === 0) return slot;
    }
  }

  #growSlots(): void {
    const size = this.#slots.length * 4;
    this.#slots.length = 0;
    this.#slots.resize(size, 0);
    for (let number = 0; number < this.length; number++) {
      const mask = size - 1;
      let slot = hashOf(this.#bytesOf(number)) & mask;
      while (this.#slots.get(slot) !== 0) slot = (slot + 1) & mask;
      this.#slots.set(slot, number + 1);
    }
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#size) return;
    const size = Math.max(4096, bytes * 2);
    const to = this.#heap.take(size);
    this.#heap.memory.u8.copyWithin(to, this.#bytes, this.#bytes + this.#begins.get(this.length));
    this.#heap.give(this.#bytes, this.#size);
    this.#bytes = to;
    this.#size = size;
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
