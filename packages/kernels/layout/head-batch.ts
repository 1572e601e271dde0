// One batch of samples on its way into the head: a block of the arena that the head's kernels work on. Offsets in bytes.
// Only the writer's thread touches it. All fields are u32 unless said otherwise; addresses are arena addresses.

/** Address of u32 a sample: the slot of its series; `headValidate` puts the record's address there, BATCH_FIRST added. */
export const BATCH_SERIES = 0;
/** Address of f64 a sample: milliseconds, integers. */
export const BATCH_TIMES = 4;
/** Address of f64 a sample. */
export const BATCH_VALUES = 8;
/** Address of u8 a sample: filled by `headValidate`. */
export const BATCH_STATUSES = 12;
/** Address of f64 an accepted sample, in front of them all: the references, times and values for the log. 0: no log. */
export const BATCH_LOG_REFS = 16;
export const BATCH_LOG_TIMES = 20;
export const BATCH_LOG_VALUES = 24;
export const BATCH_COUNT = 28;
/** Address of the directory of pages of series records. */
export const BATCH_DIRECTORY = 32;
/** Slots that exist. */
export const BATCH_SLOTS = 36;
/** The number of this commit. */
export const BATCH_COMMIT = 40;
/** Why `headAppend` stopped: one of the STOP values. */
export const BATCH_STOP = 44;
/** For STOP_SPARES: the step of the ladder that ran out. */
export const BATCH_STOP_STEP = 48;
/** Free blocks that `headAppend` gave up; block i at BATCH_RETIRED_LIST + 8 i: address, bytes. */
export const BATCH_RETIRED = 52;
/** Chunks that `headAppend` closed; see BATCH_CLOSED_LIST. */
export const BATCH_CLOSED = 56;
/** Series that got their first chunk. */
export const BATCH_OPENED = 60;
/** u32 a status: samples that got it. */
export const BATCH_TALLY = 64;
export const BATCH_STATUS_KINDS = 8;
/** f64: least and greatest time of the accepted samples; +Infinity and -Infinity when there is none. */
export const BATCH_MIN_TIME = 96;
export const BATCH_MAX_TIME = 104;
/** f64: no sample before this is accepted. */
export const BATCH_MIN_VALID = 112;
/** f64: a chunk ends where a multiple of this begins, ms. */
export const BATCH_CHUNK_RANGE = 120;
/** u32 a step of the ladder: blocks in its stack of spares. */
export const BATCH_SPARES = 128;

/** In an entry of BATCH_SERIES: the first accepted sample of its series in the batch. */
export const BATCH_FIRST = 1;

/** Sizes that an open chunk grows through, header and padding included; all of them sizes of slabs. */
export const LADDER_STEPS = 8;
export const LADDER_BYTES_MAX = 1280;
/** Spares a step: at most this many. */
export const SPARES_MAX = 36;

/** u64: a sum of no meaning, which keeps loads alive. */
export const BATCH_TOUCHED = 160;

/** u32: stacks of spare blocks, SPARES_MAX a step. */
export const BATCH_SPARES_LIST = 168;
/** Pairs of u32: address and bytes. */
export const BATCH_RETIRED_LIST = 1320;
export const RETIRED_MAX = 256;
/** Four u32 each: address of the bank whose open chunk it was, of the chunk, its samples, address of the series' record. */
export const BATCH_CLOSED_LIST = 3368;
export const BATCH_CLOSED_BYTES = 16;
export const CLOSED_MAX = 256;
/** f64: an older sample is accepted out of order from this time on; +Infinity when none is. */
export const BATCH_OUT_OF_ORDER_FROM = 7464;
export const BATCH_BYTES = 7472;

/** All samples are in. */
export const STOP_END = 0;
/** A stack of spares is empty: fill it, then go on with the same sample. */
export const STOP_SPARES = 1;
/** The list of retired blocks or the list of closed chunks is full: empty both, then go on. */
export const STOP_LISTS = 2;

/** Bits to shift a slot by to get its page of records. */
export const RECORDS_SHIFT = 12;
/** Series records a page. */
export const RECORDS_PER_PAGE = 4096;

// What became of a sample.
export const STATUS_STORED = 0;
/** Same time and same bits as the newest sample: nothing to do. */
export const STATUS_DUPLICATE = 1;
/** Same time as the newest sample, other value. */
export const STATUS_CONFLICT = 2;
export const STATUS_OUT_OF_ORDER = 3;
export const STATUS_OUT_OF_BOUNDS = 4;
/** Older than what is accepted out of order. */
export const STATUS_TOO_OLD = 5;
/** The series was removed: get or create it again. */
export const STATUS_REMOVED = 6;
/** Stored beside the samples that came in order. */
export const STATUS_STORED_OUT_OF_ORDER = 7;

// When a float chunk is full (upstream: tsdb/head_append.go, tsdb/chunkenc/chunk.go).

/** Samples that a chunk should have. */
export const CHUNK_SAMPLES = 120;
/** With so many samples the end of the chunk is planned, so that chunks of a range get equally long. */
export const CHUNK_SAMPLES_PLAN = 30;
/** The plan was wrong: samples come faster. */
export const CHUNK_SAMPLES_MAX = 240;
/** A chunk with more bytes of encoded data takes no more samples. */
export const CHUNK_BYTES_MAX = 1005;
