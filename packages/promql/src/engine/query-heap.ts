import {type KernelMemory, MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';
import {QueryError} from './query-error.ts';

const BLOCK_MIN_LOG2 = 6;

/**
 * Blocks of a query's private memory that can be given back in any order: sizes are powers of two, each with a list of free blocks. The
 * memory's maximum is the query's budget; passing it is a QueryError. Everything proportional to data lives here, nothing of it on the JavaScript heap.
 */
export class QueryHeap {
  readonly memory: KernelMemory;
  /** Addresses of free blocks by size; a free block holds the address of the next one in its first word. */
  readonly #free = new Uint32Array(33);
  #held = 0;

  constructor(memory: KernelMemory) {
    this.memory = memory;
  }

  /** Bytes in blocks that were taken and not given back. */
  get heldBytes(): number {
    return this.#held;
  }

  /** A block of at least `bytes`, its address a multiple of 64, its bytes as they may be. Throws a QueryError over the budget. */
  take(bytes: number): number {
    const size = sizeLog2(bytes);
    const at = this.#free[size];
    this.#held += 2 ** size;
    if (at !== 0) {
      this.#free[size] = this.memory.u32[at >>> 2];
      return at;
    }
    try {
      return this.memory.alloc(2 ** size, 64);
    } catch (error) {
      if (error instanceof MemoryLimitError) throw tooMuchMemory(error);
      throw error;
    }
  }

  /** Give back a block that `take(bytes)` gave; 0 is none. */
  give(at: number, bytes: number): void {
    if (at === 0) return;
    const size = sizeLog2(bytes);
    this.#held -= 2 ** size;
    this.memory.u32[at >>> 2] = this.#free[size];
    this.#free[size] = at;
  }
}

/** The error of a query that needs more than its budget. */
export function tooMuchMemory(cause: unknown): QueryError {
  return new QueryError('execution', 'query processing would use too much memory in query execution', {cause});
}

/** Bytes that `take(bytes)` really gives. */
export const blockBytes = (bytes: number): number => 2 ** sizeLog2(bytes);

function sizeLog2(bytes: number): number {
  if (bytes > 2 ** 31) throw tooMuchMemory(undefined);
  return Math.max(BLOCK_MIN_LOG2, 32 - Math.clz32(bytes - 1));
}

/** A growing column of u32 in a QueryHeap. */
export class U32Column {
  readonly #heap: QueryHeap;
  /** Where the column lies; changes as it grows. */
  address = 0;
  length = 0;
  #capacity = 0;

  constructor(heap: QueryHeap) {
    this.#heap = heap;
  }

  get(i: number): number {
    return this.#heap.memory.u32[(this.address >>> 2) + i];
  }

  set(i: number, value: number): void {
    this.#heap.memory.u32[(this.address >>> 2) + i] = value;
  }

  push(value: number): void {
    if (this.length === this.#capacity) this.reserve(this.length + 1);
    this.#heap.memory.u32[(this.address >>> 2) + this.length++] = value;
  }

  /** Make room for `capacity` entries. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    const bytes = blockBytes(capacity * 4);
    const to = this.#heap.take(bytes);
    this.#heap.memory.u8.copyWithin(to, this.address, this.address + this.length * 4);
    this.#heap.give(this.address, this.#capacity * 4);
    this.address = to;
    this.#capacity = bytes / 4;
  }

  /** Set the length to `length`; new entries are `value`. */
  resize(length: number, value: number): void {
    this.reserve(length);
    const begin = this.address >>> 2;
    if (length > this.length) this.#heap.memory.u32.fill(value, begin + this.length, begin + length);
    this.length = length;
  }

  /** A view of the entries, valid until the heap is used next. */
  view(): Uint32Array {
    const begin = this.address >>> 2;
    return this.#heap.memory.u32.subarray(begin, begin + this.length);
  }

  free(): void {
    this.#heap.give(this.address, this.#capacity * 4);
    this.address = 0;
    this.length = 0;
    this.#capacity = 0;
  }
}
