// The record of one series of the head, read by both sides: AssemblyScript kernels and TypeScript. Offsets in bytes from the
// record's address, a multiple of 8. One thread writes; others read at any time (packages/tsdb/src/head/README.md).

/** Bytes of a record. */
export const SERIES_BYTES = 112;
/** f64: the reference in the write-ahead log (53 bits); 0 when the series was removed. */
export const SERIES_REF = 0;
/** u32: the open chunk takes no sample so many ms after its first one, or later; without meaning while there is none. */
export const SERIES_NEXT_CUT = 8;
/** u32: index of the newest accepted sample of the series in the batch that is being validated; means nothing else. */
export const SERIES_PENDING = 12;

// What readers see of a series: two banks, each as one commit left it. A commit overwrites the older bank.
export const SERIES_BANKS = 16;
export const SERIES_BANK_BYTES = 48;

/** u32: number of the commit that made the bank; set before anything else in the bank changes. */
export const BANK_COMMIT = 0;
/** u32: address of the open chunk (layout/xor-chunk.ts); 0 is none. */
export const BANK_OPEN = 4;
/** f64: time of the newest sample, ms; -Infinity before the first. */
export const BANK_NEWEST_TIME = 8;
/** f64: its value, as bits; HISTOGRAM_HIGH in the high half: a histogram, which only the chunk has. */
export const BANK_NEWEST_VALUE = 16;
/** u32: address of the list of closed chunks; 0 is none. */
export const BANK_CLOSED = 24;
/** u32: closed chunks in that list. */
export const BANK_CLOSED_COUNT = 28;
/** u32: samples in the open chunk. */
export const BANK_OPEN_COUNT = 32;
/** u32: bytes of encoded data in the open chunk. */
export const BANK_OPEN_BYTES = 36;
/** u32: address of the series' out-of-order samples; 0 is none. What it leads to never changes. */
export const BANK_OUT_OF_ORDER = 40;
/** u32: address of the series' deleted intervals; 0 is none. What it leads to never changes. */
export const BANK_TOMBSTONES = 44;

// An entry of a list of closed chunks; never changes once a bank counts it.

/** Bytes of an entry. */
export const CLOSED_BYTES = 32;
/** f64: time of the first sample, ms. */
export const CLOSED_MIN_TIME = 0;
/** u32: time of the last sample, in ms after the first. */
export const CLOSED_SPAN = 8;
/** u32: number of the segment; a segment that was dropped early is read from the file instead. */
export const CLOSED_SEGMENT = 12;
/** u32: address in the segment, of encoded data as in a block (the big-endian count first). */
export const CLOSED_OFFSET = 16;
/** u32: bytes of encoded data in the lower 24 bits, the encoding above them. */
export const CLOSED_LENGTH = 20;
/** u16: samples. */
export const CLOSED_SAMPLES = 24;
/** u16: number of the file of chunks_head that has the chunk too, modulo 65536; 0 is none. */
export const CLOSED_FILE = 26;
/** u32: where in that file the chunk's record begins. */
export const CLOSED_FILE_OFFSET = 28;

/** The most bytes of encoded data in a chunk of the head. */
export const CHUNK_LENGTH_MAX = 0xffffff;

/** Bytes of a list of closed chunks before its entries: u32 its capacity in entries, u32 unused. */
export const CLOSED_LIST_HEADER = 8;
