// The state of one walk through a scraped body and the table of lines expected in it; see assembly/scrape-lines.ts.
// Offsets in bytes. All fields are u32 unless said otherwise; addresses are in the same private memory.

/** Address of the next byte of the body: always the beginning of a line when the kernel stops. */
export const LINES_POSITION = 0;
/** Address behind the body, whose last byte is a line feed. 16 bytes more may be read. */
export const LINES_END = 4;
/** Address of the table: records of LINE_BYTES, in the order in which the lines are expected. */
export const LINES_TABLE = 8;
/** Number of records in the table. */
export const LINES_EXPECTED = 12;
/** Index of the record expected next. */
export const LINES_NEXT = 16;
/** Address that LINE_OFFSET counts from. 16 bytes behind the last remembered one may be read. */
export const LINES_TEXT = 20;
/** What to write to LINE_SEEN of each sample line that comes; one more than that for a line with its own time. */
export const LINES_GENERATION = 24;
/** What to do about timestamps in lines: TIMESTAMPS_STOP, TIMESTAMPS_TAKE or TIMESTAMPS_IGNORE. */
export const LINES_TIMESTAMPS = 28;
/** Address of the table of putFloatPowers. */
export const LINES_POWERS = 32;
/** Address of the staged slots, u32 each. */
export const LINES_SLOTS = 36;
/** Address of the staged times, f64 each. */
export const LINES_TIMES = 40;
/** Address of the staged values, f64 each. */
export const LINES_VALUES = 44;
/** Number of staged samples; goes up. */
export const LINES_STAGED = 48;
/** How many staged samples there is room for. */
export const LINES_CAPACITY = 52;
/** Number of sample lines that were taken, the dropped ones among them; goes up. */
export const LINES_SAMPLES = 56;
/** f64: time of samples without their own, ms. */
export const LINES_TIME = 64;
/** Bytes of the state. */
export const LINES_STATE_BYTES = 72;

/** Where the remembered bytes of a line begin, counted from LINES_TEXT. */
export const LINE_OFFSET = 0;
/** How many they are. */
export const LINE_LENGTH = 4;
/** Slot of the series, LINE_DROPPED or LINE_COMMENT. */
export const LINE_SLOT = 8;
/** LINES_GENERATION of the last body that had the line. */
export const LINE_SEEN = 12;
/** Bytes of a record. */
export const LINE_BYTES = 16;

/** A sample line whose series relabelling drops: its value is checked and counted, not staged. */
export const LINE_DROPPED = 0xfffffffe;
/** Not a sample: the remembered bytes are whole lines (comments, metadata), their last line feed included. */
export const LINE_COMMENT = 0xffffffff;

/** A line with a timestamp, or with anything else behind its value, is left to the caller (OpenMetrics). */
export const TIMESTAMPS_STOP = 0;
/** Text format: a timestamp in a line is the sample's time. */
export const TIMESTAMPS_TAKE = 1;
/** Text format: a timestamp in a line is checked, the sample's time is LINES_TIME (`honor_timestamps: false`). */
export const TIMESTAMPS_IGNORE = 2;

/** The body is at its end. */
export const LINES_DONE = 0;
/** The line is not the one expected, or none is expected any more. */
export const LINES_DIFFER = 1;
/** The line is the one expected, but what follows its remembered bytes is not for the fast path. */
export const LINES_VALUE = 2;
/** There is no room to stage another sample. */
export const LINES_FULL = 3;
