// What the tests of kernels share.
import {KernelMemory} from './kernel-memory.ts';

const GUARD_BYTES = 64;
const GUARD = 0x5a;

/** A memory for tests, with helpers to put bytes in and to notice writes outside of what was given. */
export class TestMemory extends KernelMemory {
  #guards: number[] = [];

  constructor(megabytes = 16) {
    super({maximumBytes: megabytes << 20, initialBytes: 1 << 20});
  }

  /** Runs `use`, checks that no guard was written on, and gives back what was taken. */
  scoped<Result>(use: () => Result): Result {
    const mark = this.mark();
    const guards = this.#guards;
    this.#guards = [];
    try {
      const result = use();
      this.#checkGuards();
      return result;
    } finally {
      this.#guards = guards;
      this.release(mark);
    }
  }

  /** Takes `bytes` filled with rubbish, with a guard behind. */
  room(bytes: number): number {
    const at = this.alloc(bytes + GUARD_BYTES);
    this.u8.fill(0xa5, at, at + bytes);
    this.u8.fill(GUARD, at + bytes, at + bytes + GUARD_BYTES);
    this.#guards.push(at + bytes);
    return at;
  }

  /** Puts `bytes` somewhere, with a guard behind. */
  put(bytes: Uint8Array): number {
    const at = this.room(bytes.length);
    this.u8.set(bytes, at);
    return at;
  }

  putText(text: string): {at: number; length: number} {
    const bytes = new TextEncoder().encode(text);
    return {at: this.put(bytes), length: bytes.length};
  }

  putWords(words: readonly number[]): number {
    const at = this.room(words.length * 4);
    this.u32.set(words, at / 4);
    return at;
  }

  putDoubles(doubles: readonly number[]): number {
    const at = this.room(doubles.length * 8);
    this.f64.set(doubles, at / 8);
    return at;
  }

  putLongs(longs: readonly bigint[]): number {
    const at = this.room(longs.length * 8);
    this.u64.set(longs, at / 8);
    return at;
  }

  /** A copy of the bytes at `at`. */
  bytes(at: number, length: number): Uint8Array {
    return this.u8.slice(at, at + length);
  }

  words(at: number, count: number): number[] {
    return [...this.u32.subarray(at / 4, at / 4 + count)];
  }

  doubles(at: number, count: number): number[] {
    return [...this.f64.subarray(at / 8, at / 8 + count)];
  }

  longs(at: number, count: number): bigint[] {
    return [...this.u64.subarray(at / 8, at / 8 + count)];
  }

  #checkGuards(): void {
    for (const at of this.#guards) {
      const clean = this.u8.subarray(at, at + GUARD_BYTES).every((byte) => byte === GUARD);
      if (!clean) throw new Error(`a kernel wrote behind its target, at ${at}`);
    }
  }
}

/** The 64 bits of a double. */
export const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;
