// The headers of histogram chunks, 3 bytes (upstream tsdb/chunkenc/histogram.go, histogram_st.go):
//
//   encodings 2, 3   u16 big-endian samples · 2 bits counter reset, 6 bits 0
//   encodings 5, 6   2 bits counter reset, 14 bits samples · 1 bit: the first start is known, 7 bits: from which sample on there are starts
import {COUNTER_RESET, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import {CHUNK_FLOAT_HISTOGRAM, CHUNK_FLOAT_HISTOGRAM_START, CHUNK_HISTOGRAM_START} from './encoding.ts';

export const HISTOGRAM_HEADER_BYTES = 3;
/** Where the start header lies, in chunks that have one. */
export const START_HEADER = 2;
export const FIRST_START_KNOWN = 0x80;
/** The last sample from which on starts may begin; it has one in any case. */
export const STARTS_FROM_MAX = 0x7f;

const SAMPLES_MAX = 0xffff;
const SAMPLES_MAX_START = 0x3fff;
const HEADER_BITS = [0, 0x80, 0x40, 0xc0] as const;
const COUNTER_RESETS = [
  COUNTER_RESET.unknown,
  COUNTER_RESET.notReset,
  COUNTER_RESET.reset,
  COUNTER_RESET.gauge,
] as const;

/** Whether counts of histograms are floats in this encoding. */
export const isFloatHistogramEncoding = (encoding: number): boolean =>
  encoding === CHUNK_FLOAT_HISTOGRAM || encoding === CHUNK_FLOAT_HISTOGRAM_START;

/** Whether a histogram encoding has start timestamps. */
export const hasHistogramStarts = (encoding: number): boolean => encoding >= CHUNK_HISTOGRAM_START;

/** The most samples a histogram chunk can count. */
export const histogramSamplesMax = (encoding: number): number =>
  hasHistogramStarts(encoding) ? SAMPLES_MAX_START : SAMPLES_MAX;

/** The samples counted by the header of the histogram chunk at `at`. */
export function histogramSamples(encoding: number, bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 8) | bytes[at + 1]) & histogramSamplesMax(encoding);
}

/** Changes the count of samples in a header, as readers of a growing chunk do in their copy; the rest of the header stays. */
export function writeHistogramSamples(encoding: number, bytes: Uint8Array, at: number, samples: number): void {
  const kept = hasHistogramStarts(encoding) ? bytes[at] & 0xc0 : 0;
  bytes[at] = kept | (samples >>> 8);
  bytes[at + 1] = samples;
}

/** How the first histogram of the chunk at `at` follows the last one of the chunk before. */
export function counterResetHeader(encoding: number, bytes: Uint8Array, at: number): CounterReset {
  return COUNTER_RESETS[bytes[at + (hasHistogramStarts(encoding) ? 0 : 2)] >>> 6];
}

export function writeCounterResetHeader(encoding: number, bytes: Uint8Array, at: number, header: CounterReset): void {
  const place = at + (hasHistogramStarts(encoding) ? 0 : 2);
  bytes[place] = (bytes[place] & 0x3f) | HEADER_BITS[header];
}
