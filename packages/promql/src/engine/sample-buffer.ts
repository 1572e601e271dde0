import type {QueryContext} from './query-context.ts';

/** Room for the decoded samples of one series, used again for the next one. */
export class SampleBuffer {
  readonly #context: QueryContext;
  #capacity = 0;
  /** Addresses of f64 columns; valid until the next `reserve`. */
  times = 0;
  values = 0;
  /** As many bytes again, for kernels that want scratch. */
  scratch = 0;

  constructor(context: QueryContext) {
    this.#context = context;
  }

  reserve(samples: number): void {
    if (samples <= this.#capacity) return;
    this.free();
    this.#capacity = Math.max(256, samples * 2);
    this.#context.hold(this.#capacity);
    const bytes = this.#capacity * 8;
    this.times = this.#context.heap.take(bytes);
    this.values = this.#context.heap.take(bytes);
    this.scratch = this.#context.heap.take(bytes);
  }

  free(): void {
    for (const column of [this.times, this.values, this.scratch]) this.#context.heap.give(column, this.#capacity * 8);
    this.#context.release(this.#capacity);
    this.#capacity = 0;
    this.times = 0;
    this.values = 0;
    this.scratch = 0;
  }
}
