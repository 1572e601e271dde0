import type {SampleExtras} from '../chunk/extras.ts';

/** Series that a select found in the head, in a block, or in several of them; promql's `SeriesSet`. */
export interface SeriesSource {
  readonly length: number;
  labels(i: number, out: Uint32Array): number;
  samplesMax(i: number): number;
  read(i: number, times: number, values: number, extras: SampleExtras): number;
  readNewest(i: number, times: number, values: number, extras: SampleExtras): number;
  extent?(i: number, out: Float64Array): number;
}
