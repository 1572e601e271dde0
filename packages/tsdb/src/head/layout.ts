import {HEAD_ROOTS} from '../arena/layout.ts';

// The head's words in the first page of the arena. Offsets are bytes; f64 fields are written by the writer's thread and
// only ever read as figures by others.

/** Header of the series records. */
export const HEAD_RECORDS = HEAD_ROOTS;
/** f64: a chunk ends where a multiple of this begins, ms. */
export const HEAD_CHUNK_RANGE = HEAD_ROOTS + 16;
/** f64: time of the oldest and of the newest sample, ms; +Infinity and -Infinity while there is none. */
export const HEAD_MIN_TIME = HEAD_ROOTS + 24;
export const HEAD_MAX_TIME = HEAD_ROOTS + 32;
/** f64: end of the last block: older samples are refused and not read here. */
export const HEAD_MIN_VALID_TIME = HEAD_ROOTS + 40;
/** u32: series that exist. */
export const HEAD_SERIES = HEAD_ROOTS + 48;
/** u32: chunks that take samples, and chunks in segments. */
export const HEAD_OPEN_CHUNKS = HEAD_ROOTS + 52;
export const HEAD_CLOSED_CHUNKS = HEAD_ROOTS + 56;
/** u32: 1 when a series was made whose reference is below that of an older slot: rows are then to be sorted. */
export const HEAD_UNSORTED = HEAD_ROOTS + 60;
/** u32: only there to be changed atomically, which makes a full barrier. */
export const HEAD_FENCE = HEAD_ROOTS + 64;
/** f64: least and greatest time of all samples out of order, ms; +Infinity and -Infinity while there is none. */
export const HEAD_OUT_OF_ORDER_MIN_TIME = HEAD_ROOTS + 72;
export const HEAD_OUT_OF_ORDER_MAX_TIME = HEAD_ROOTS + 80;
