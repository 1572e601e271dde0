import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';

// A cell: hash, address, length, and the number of the line plus 1; all 0 while it is free.
const CELL = 4;
const HASH = 0;
const AT = 1;
const LENGTH = 2;
const LINE = 3;

/**
 * Finds lines by their bytes, which lie in a kernel memory and stay there. Made when a body differs from the last one, and dropped with
 * it.
 */
export class LineIndex {
  readonly #memory: KernelMemory;
  /** Eight bytes of the memory that hashing may use. */
  readonly #scratch: number;
  #cells: Uint32Array;
  #count = 0;

  /** Room for `lines` is taken at once, more when it is needed. */
  constructor(memory: KernelMemory, scratch: number, lines: number) {
    this.#memory = memory;
    this.#scratch = scratch;
    this.#cells = new Uint32Array(CELL * 2 ** Math.ceil(Math.log2(Math.max(16, lines * 2))));
  }

  /** Add a line under its number; of equal lines the first stays. */
  add(at: number, length: number, line: number): void {
    if (this.#count * 2 * CELL >= this.#cells.length) this.#grow();
    const hash = this.#hash(at, length);
    const cell = this.#cellOf(hash, at, length);
    if (this.#cells[cell + LINE] !== 0) return;
    this.#put(cell, hash, at, length, line + 1);
    this.#count++;
  }

  /** The number of the line with these bytes, -1 when there is none. */
  find(at: number, length: number): number {
    return this.#cells[this.#cellOf(this.#hash(at, length), at, length) + LINE]! - 1;
  }

  /** The cell of these bytes, or the free one where they would go. */
  #cellOf(hash: number, at: number, length: number): number {
    const cells = this.#cells;
    const mask = cells.length / CELL - 1;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const cell = i * CELL;
      if (cells[cell + LINE] === 0) return cell;
      if (cells[cell + HASH] === hash && cells[cell + LENGTH] === length && this.#equal(cells[cell + AT]!, at, length))
        return cell;
    }
  }

  #hash(at: number, length: number): number {
    this.#memory.kernels.xxhash64To(at, length, this.#scratch);
    return this.#memory.u32[this.#scratch >>> 2]!;
  }

  #equal(a: number, b: number, length: number): boolean {
    const {u8} = this.#memory;
    for (let i = 0; i < length; i++) if (u8[a + i] !== u8[b + i]) return false;
    return true;
  }

  #put(cell: number, hash: number, at: number, length: number, line: number): void {
    this.#cells[cell + HASH] = hash;
    this.#cells[cell + AT] = at;
    this.#cells[cell + LENGTH] = length;
    this.#cells[cell + LINE] = line;
  }

  #grow(): void {
    const old = this.#cells;
    this.#cells = new Uint32Array(old.length * 2);
    const mask = this.#cells.length / CELL - 1;
    for (let cell = 0; cell < old.length; cell += CELL) {
      if (old[cell + LINE] === 0) continue;
      let i = old[cell + HASH]! & mask;
      while (this.#cells[i * CELL + LINE] !== 0) i = (i + 1) & mask;
      this.#put(i * CELL, old[cell + HASH]!, old[cell + AT]!, old[cell + LENGTH]!, old[cell + LINE]!);
    }
  }
}
