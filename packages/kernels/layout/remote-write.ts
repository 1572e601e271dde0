// The state of one walk through a remote-write request and the table of the series it finds; see assembly/remote-write.ts.
// Offsets in bytes. All fields are u32 unless said otherwise; addresses are in the same private memory.

/** Address of the next field of the request. */
export const WRITE_POSITION = 0;
/** Address behind the request. 16 bytes more may be read. */
export const WRITE_END = 4;
/** Address of the table: WRITE_MASK + 1 records of KNOWN_BYTES. */
export const WRITE_TABLE = 8;
/** Number of records in the table minus 1; the number is a power of two. */
export const WRITE_MASK = 12;
/** Address of KEY_BYTES for the second hash. Draw them at random and keep them as long as the table. */
export const WRITE_KEY = 16;
/** Address of the staged slots, u32 each. */
export const WRITE_SLOTS = 20;
/** Address of the staged times, f64 each. */
export const WRITE_TIMES = 24;
/** Address of the staged values, f64 each. */
export const WRITE_VALUES = 28;
/** Number of staged samples; goes up. */
export const WRITE_STAGED = 32;
/** How many staged samples there is room for. */
export const WRITE_CAPACITY = 36;
/** Address of the series that the kernel stopped at: the first byte of its message. Its labels begin there. */
export const WRITE_SERIES = 40;
/** Address behind that series. */
export const WRITE_SERIES_END = 44;
/** Address behind its labels, where they are in front of all else. */
export const WRITE_LABELS_END = 48;
/** Its slot, where it is known. */
export const WRITE_SLOT = 52;
/** u64: hash of its label bytes, as they are. */
export const WRITE_HASH = 56;
/** u64: what the hash begins with. Draw it at random and keep it as long as the table, so that no sender can make series collide. */
export const WRITE_SEED = 64;
/** Counters, which go up: series, samples, exemplars, histograms, metadata entries, samples of series that are dropped. */
export const WRITE_SERIES_COUNT = 72;
export const WRITE_SAMPLE_COUNT = 76;
export const WRITE_EXEMPLAR_COUNT = 80;
export const WRITE_HISTOGRAM_COUNT = 84;
export const WRITE_METADATA_COUNT = 88;
export const WRITE_DROPPED_COUNT = 92;
/** u64: second hash of the label bytes. */
export const WRITE_SUM = 96;
/** Bytes of the state. */
export const WRITE_STATE_BYTES = 104;

/** Bytes of the key of the second hash. */
export const KEY_BYTES = 2048;

/** u64: hash of the label bytes. */
export const KNOWN_HASH = 0;
/** u64: their second hash. */
export const KNOWN_SUM = 8;
/** Slot of the series or KNOWN_DROPPED, + 1; 0 in an empty record. */
export const KNOWN_SLOT = 16;
/** Bytes of a record. */
export const KNOWN_BYTES = 20;

/** A series whose samples are counted and dropped. */
export const KNOWN_DROPPED = 0xfffffffe;

/** The request is at its end. */
export const WRITE_DONE = 0;
/** The table does not know the labels of the series. */
export const WRITE_UNKNOWN = 1;
/** The samples of the series are staged; it has exemplars or histograms, too. */
export const WRITE_MORE = 2;
/** The series has no labels, or not all in front. */
export const WRITE_IRREGULAR = 3;
/** The series has a sample with a time that no double holds exactly. */
export const WRITE_TIME = 4;
/** There is no room for the samples of the series. */
export const WRITE_FULL = 5;
/** What is at the position is no such request. */
export const WRITE_CORRUPT = 6;
