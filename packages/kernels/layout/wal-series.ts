// What `walDecodeSeries` writes of one series; see assembly/wal-series.ts. Offsets in bytes, all fields u32.

/** The reference, its upper and its lower half. */
export const LOGGED_REF_HIGH = 0;
export const LOGGED_REF_LOW = 4;
/** Number of labels. */
export const LOGGED_LABELS = 8;
/** 1 when the names rise strictly in byte order, else 0. */
export const LOGGED_SORTED = 12;
/** Address of the next series, or the end of the record. */
export const LOGGED_NEXT = 16;
/** Of each label, the addresses of name start, name end, value start, value end. */
export const LOGGED_RANGES = 24;
/** Bytes of a label's ranges. */
export const LOGGED_RANGE_BYTES = 16;
