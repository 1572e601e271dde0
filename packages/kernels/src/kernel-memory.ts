import {loadPrivateKernels, type PrivateKernels} from './load.ts';

const PAGE = 65536;
/** Address 0 stays unused, so that a zero pointer means "none". */
const FIRST_FREE = 64;
const CRC32C_TABLES_BYTES = 8192;

/** The memory's maximum is reached: what was being computed needs more than its budget allows. */
export class MemoryLimitError extends Error {
  override readonly name = 'MemoryLimitError';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`memory limit of ${limitBytes} bytes exceeded`);
    this.limitBytes = limitBytes;
  }
}

/**
 * A thread's own WebAssembly memory with the kernels on it, and a bump allocator: `alloc` takes, `release` gives back all
 * that was taken since `mark`. It grows up to its maximum, which is how a query's budget is kept, and never shrinks;
 * drop the whole object to give the memory back.
 *
 * The views are replaced when the memory grows: read them from this object after every `alloc`, never keep one across it.
 */
export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly kernels: PrivateKernels;
  readonly maximumBytes: number;
  /** Where the tables lie that `kernels.crc32c` wants. */
  readonly crc32cTables: number;
  u8!: Uint8Array<ArrayBuffer>;
  u32!: Uint32Array<ArrayBuffer>;
  i32!: Int32Array<ArrayBuffer>;
  f64!: Float64Array<ArrayBuffer>;
  u64!: BigUint64Array<ArrayBuffer>;
  #next = FIRST_FREE;
  #peak = FIRST_FREE;

  /** `maximumBytes` is rounded up to whole pages of 64 KiB; at most 4 GiB. */
  constructor(options: {maximumBytes: number; initialBytes?: number}) {
    const maximum = Math.min(PAGE, Math.max(1, Math.ceil(options.maximumBytes / PAGE)));
    const initial = Math.min(maximum, Math.max(1, Math.ceil((options.initialBytes ?? PAGE) / PAGE)));
    this.memory = new WebAssembly.Memory({initial, maximum});
    this.maximumBytes = maximum * PAGE;
    this.kernels = loadPrivateKernels(this.memory);
    this.#refresh();
    this.crc32cTables = this.alloc(CRC32C_TABLES_BYTES);
    this.kernels.crc32cTables(this.crc32cTables);
  }

  /** Take `bytes` (not cleared), aligned to `align`, a power of two. Throws MemoryLimitError over the maximum. */
  alloc(bytes: number, align = 8): number {
    const at = Math.ceil(this.#next / align) * align;
    this.#reserve(at + bytes);
    this.#next = at + bytes;
    if (this.#next > this.#peak) this.#peak = this.#next;
    return at;
  }

  /** Make the last allocation, which began at `at`, `bytes` long. */
  resizeLast(at: number, bytes: number): void {
    this.#reserve(at + bytes);
    this.#next = at + bytes;
    if (this.#next > this.#peak) this.#peak = this.#next;
  }

  /** The place to `release` to later. */
  mark(): number {
    return this.#next;
  }

  /** Give back all that was taken since `mark`; what lay there may be overwritten. */
  release(mark: number): void {
    this.#next = mark;
  }

  /** Bytes taken now. */
  get usedBytes(): number {
    return this.#next;
  }

  /** The most bytes that were ever taken at once. */
  get peakBytes(): number {
    return this.#peak;
  }

  #reserve(end: number): void {
    const have = this.u8.length;
    if (end <= have) return;
    if (end > this.maximumBytes) throw new MemoryLimitError(this.maximumBytes);
    const wanted = Math.min(this.maximumBytes, Math.max(end, Math.min(have * 2, have + 64 * 1024 * 1024)));
    try {
      this.memory.grow(Math.ceil((wanted - have) / PAGE));
    } catch {
      throw new MemoryLimitError(this.maximumBytes);
    }
    this.#refresh();
  }

  #refresh(): void {
    const {buffer} = this.memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }
}
