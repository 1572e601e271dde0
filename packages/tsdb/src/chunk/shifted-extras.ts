import type {SampleExtras} from './extras.ts';

/** `extras` for samples from place `count` of the same columns on. */
export function shiftedExtras(extras: SampleExtras, count: number): SampleExtras {
  if (extras.starts === 0 || count === 0) return extras;
  return {starts: extras.starts + 8 * count, histogram: (bytes) => extras.histogram(bytes)};
}
