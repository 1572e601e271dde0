import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Span} from './framing.ts';

const FIRST_BYTES = 64 * 1024;

/**
 * A buffer in a KernelMemory that grows by moving: bytes at `span` stay valid until the next `append` or `reserve`.
 * Space that it outgrew comes back only with the caller's `release`, at most as much again as it holds.
 */
export class GrowingBuffer {
  readonly #memory: KernelMemory;
  #at = 0;
  #capacity = 0;
  #length = 0;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  get span(): Span {
    return {at: this.#at, length: this.#length};
  }

  clear(): void {
    this.#length = 0;
  }

  /** Put a copy of `piece`, which lies in the same memory, at the end. */
  append(piece: Span): void {
    this.#grow(this.#length + piece.length);
    this.#memory.u8.copyWithin(this.#at + this.#length, piece.at, piece.at + piece.length);
    this.#length += piece.length;
  }

  /** Make the buffer `length` bytes long, whatever they are; returns its address. */
  reserve(length: number): number {
    this.#length = 0;
    this.#grow(length);
    this.#length = length;
    return this.#at;
  }

  #grow(wanted: number): void {
    if (wanted <= this.#capacity) return;
    const capacity = Math.max(wanted, this.#capacity * 2, FIRST_BYTES);
    const at = this.#memory.alloc(capacity);
    this.#memory.u8.copyWithin(at, this.#at, this.#at + this.#length);
    this.#at = at;
    this.#capacity = capacity;
  }
}
