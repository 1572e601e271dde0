import type {SampleExtras} from './extras.ts';

/** The extras of samples that lie behind others in the same columns. */
export class ShiftedExtras implements SampleExtras {
  readonly starts: number;
  readonly #extras: SampleExtras;

  /** `count`: samples that lie before. */
  constructor(extras: SampleExtras, count: number) {
    this.#extras = extras;
    this.starts = extras.starts === 0 ? 0 : extras.starts + 8 * count;
  }

  histogram(bytes: number): number {
    return this.#extras.histogram(bytes);
  }
}
