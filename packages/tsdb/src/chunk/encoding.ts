// What kind of data a chunk holds: the byte in front of it in files (upstream tsdb/chunkenc/chunk.go).

/** Floats. */
export const CHUNK_XOR = 1;
/** Native histograms with whole counts. */
export const CHUNK_HISTOGRAM = 2;
/** Native histograms with counts of any value. */
export const CHUNK_FLOAT_HISTOGRAM = 3;
/** Floats, denser, with start timestamps. */
export const CHUNK_XOR2 = 4;
/** As CHUNK_HISTOGRAM, with start timestamps. */
export const CHUNK_HISTOGRAM_START = 5;
/** As CHUNK_FLOAT_HISTOGRAM, with start timestamps. */
export const CHUNK_FLOAT_HISTOGRAM_START = 6;

const NAMES = ['none', 'XOR', 'histogram', 'floathistogram', 'XOR2', 'histogramST', 'floathistogramST'];

/** What upstream calls an encoding. */
export const encodingName = (encoding: number): string => NAMES[encoding] ?? '<unknown>';

/** Whether chunks of this encoding hold floats. */
export const isFloatEncoding = (encoding: number): boolean => encoding === CHUNK_XOR || encoding === CHUNK_XOR2;
