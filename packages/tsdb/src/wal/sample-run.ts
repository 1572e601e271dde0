import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ReplayBatch} from '../head/head.ts';
import type {Span} from './framing.ts';

const CORRUPT = 0xffffffff;
/** A sample takes ten bytes of a record at least. */
const SAMPLE_BYTES_MIN = 10;
const FIRST_CAPACITY = 32 * 1024;

/**
 * Samples of several records one after the other, so that a log of small commits is not replayed in small steps. Takes space
 * of the memory that the caller releases.
 */
export class SampleRun {
  readonly #memory: KernelMemory;
  readonly #beyond: number;
  #refs = 0;
  #times = 0;
  #values = 0;
  #capacity = 0;
  count = 0;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#beyond = memory.alloc(8);
    this.#take(FIRST_CAPACITY);
  }

  /** The samples until now; stays until the next `add`. */
  get batch(): ReplayBatch {
    return {
      memory: this.#memory,
      refs: this.#refs,
      times: this.#times,
      values: this.#values,
      count: this.count,
    };
  }

  /** Samples that `add` left out last time, since their time or reference is beyond ±2^53. */
  get beyond(): number {
    return this.#memory.u32[this.#beyond >>> 2]!;
  }

  /** Whether `add` takes this record without losing what is here. */
  hasRoomFor(record: Span): boolean {
    return this.count + samplesMax(record) <= this.#capacity;
  }

  /** Decode a record behind what is here; needs room or an empty run. Returns the number of samples, or -1 for no samples record. */
  add(record: Span): number {
    if (!this.hasRoomFor(record)) this.#take(samplesMax(record));
    const offset = this.count * 8;
    const added =
      this.#memory.kernels.walDecodeSamples(
        record.at,
        record.length,
        this.#refs + offset,
        this.#times + offset,
        this.#values + offset,
        this.#beyond,
      ) >>> 0;
    if (added === CORRUPT) return -1;
    this.count += added;
    return added;
  }

  clear(): void {
    this.count = 0;
  }

  #take(capacity: number): void {
    this.#capacity = capacity;
    this.#refs = this.#memory.alloc(capacity * 8);
    this.#times = this.#memory.alloc(capacity * 8);
    this.#values = this.#memory.alloc(capacity * 8);
  }
}

const samplesMax = (record: Span): number => Math.floor(record.length / SAMPLE_BYTES_MIN) + 1;
