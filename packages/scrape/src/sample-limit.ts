import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Staging} from '@narthex/tsdb/head/staging.ts';

/** The body has more samples than `sample_limit` allows. */
export class SampleLimitError extends Error {
  override readonly name = 'SampleLimitError';

  constructor() {
    super('sample limit exceeded');
  }
}

/** `sample_limit` for one body. A series that comes twice counts once, as upstream, where storage refuses the second sample before it counts. */
export class SampleLimit {
  readonly #memory: KernelMemory;
  readonly #limit: number;
  readonly #timeMs: number;
  /** Slots of samples at the body's own time, among the staged samples looked at so far. */
  readonly #slots = new Set<number>();
  #lookedAt = 0;
  #repeats = 0;

  /** `limit` 0 is none. */
  constructor(memory: KernelMemory, limit: number, timeMs: number) {
    this.#memory = memory;
    this.#limit = limit;
    this.#timeMs = timeMs;
  }

  /** Whether `samples`, some of which are staged, are too many. Looks at each staged sample once, and only where it matters. */
  isExceeded(samples: number, staging: Staging): boolean {
    if (this.#limit === 0 || samples <= this.#limit) return false;
    this.#countRepeats(staging);
    return samples - this.#repeats > this.#limit;
  }

  #countRepeats({slots, times, count}: Staging): void {
    const {u32, f64} = this.#memory;
    for (; this.#lookedAt < count; this.#lookedAt++) {
      const slot = u32[slots / 4 + this.#lookedAt]!;
      if (f64[times / 8 + this.#lookedAt] !== this.#timeMs) continue;
      if (this.#slots.has(slot)) this.#repeats++;
      else this.#slots.add(slot);
    }
  }
}
