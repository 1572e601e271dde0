// How far `walDecodeHistograms` got in a record; see assembly/wal-histograms.ts. Offsets in bytes.

/** u32: address of the next sample. */
export const DECODE_AT = 0;
/** u32: address behind the record. */
export const DECODE_END = 4;
/** u32: samples that were left out since their time or reference is beyond ±2^53. */
export const DECODE_BEYOND = 8;
/** u32: samples that were left out since they are older than wanted. */
export const DECODE_OLD = 12;
/** u32: histograms that were left out: a schema of a later version, or spans that no histogram has. */
export const DECODE_REFUSED = 16;
/** u32: samples in the columns. */
export const DECODE_COUNT = 20;
/** u32: where the next histogram record goes. */
export const DECODE_HEAP = 24;
/** u32: 0 before the first sample. */
export const DECODE_BEGUN = 28;
/** u64: what the next reference is a difference to. */
export const DECODE_BASE_REF = 32;
/** i64: what times are differences to. */
export const DECODE_BASE_TIME = 40;
/** i64: what start times are differences to. */
export const DECODE_FIRST_START = 48;
/** i64: the start time of the sample before. */
export const DECODE_LAST_START = 56;
export const DECODE_BYTES = 64;

/** What `walDecodeHistograms` gives: the record has been read to its end, or there is no room for the next sample. */
export const DECODE_DONE = 0;
export const DECODE_FULL = 1;
