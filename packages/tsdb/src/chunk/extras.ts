/** What only some samples have, and where readers put it; promql's interface of this name. */
export interface SampleExtras {
  /** Address of an f64 column for the start timestamps of samples in ms, filled with 0, which stands for unknown; 0 when nobody wants them. */
  readonly starts: number;
  /** The address of room for a histogram's record; it lives as long as the samples. Not to be called while scratch of `memory.alloc` is held. */
  histogram(bytes: number): number;
}

/** The high half of a value that stands for a histogram; the low half is the address of its record (model's histogram/record.ts). */
export const HISTOGRAM_HIGH = 0x7ff00001;
