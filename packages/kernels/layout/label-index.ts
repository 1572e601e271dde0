// The index of series' labels in the arena, read by both sides: AssemblyScript kernels and TypeScript. What the parts mean is
// said in packages/tsdb/src/index/{symbols,label-sets,postings}.ts and packages/tsdb/src/arena/{vector,records,table}.ts.

// Where the headers lie in the arena's first page, in bytes.

/** Table: hash of a symbol's bytes → symbol. */
export const SYMBOL_TABLE = 512;
/** Records: symbols. */
export const SYMBOL_RECORDS = 528;
/** Table: hash of a label pair → its number. */
export const PAIR_TABLE = 544;
/** Records: label pairs. */
export const PAIR_RECORDS = 560;
/** Records: label names. */
export const NAME_RECORDS = 576;
/** u32: address of the vector of all series' slots: the one or the other of those below. */
export const ALL_SERIES = 592;
/** Two vectors, each after a word that is UNSORTED or 0. */
export const ALL_VECTOR = 644;
export const ALL_VECTOR_SPARE = 660;
/** Table: hash of a label set → slot. */
export const LABEL_SET_TABLE = 608;
/** Records: slot → address of the label set. */
export const LABEL_SET_RECORDS = 624;

// Records: their sizes, the power of two of which lies together, and offsets in them. All fields are u32.

export const SYMBOL_BYTES = 16;
export const SYMBOL_SHIFT = 12;
/** Address of the text. */
export const SYMBOL_TEXT = 0;
/** Bytes of the text. */
export const SYMBOL_LENGTH = 4;
/** Label pairs that use the symbol, as name or as value. */
export const SYMBOL_USES = 8;
/** Number of the label name that is spelled so, + 1; 0 when there is none. */
export const SYMBOL_NAME = 12;

export const PAIR_BYTES = 24;
export const PAIR_SHIFT = 13;
/** Symbol of the name. */
export const PAIR_NAME = 0;
/** Symbol of the value. */
export const PAIR_VALUE = 4;
/** The pair's place among those of its name; the top bit is set while the slots are out of order. */
export const PAIR_ORDINAL = 8;
/** Vector: slots of the series that have the pair. */
export const PAIR_SLOTS = 12;
/** Set in the word before a vector of slots, before a slot is appended that is smaller than one before it. */
export const UNSORTED = 0x8000_0000;

export const NAME_BYTES = 24;
export const NAME_SHIFT = 13;
/** Symbol of the name. */
export const NAME_SYMBOL = 0;
/** Series that have the name: counted once they are in the list of all. */
export const NAME_SERIES = 4;
/** Vector: pairs with the name; FREE_PLACE or more where there is none any more. */
export const NAME_PAIRS = 8;
/** First of the places without a pair that may be used again, + 1; 0 when there is none. */
export const NAME_FREE = 20;
/** A place without a pair: the next one + 1 or 0, plus this. */
export const FREE_PLACE = 0x4000_0000;

export const LABEL_SET_SHIFT = 14;
/** Hash and number of labels, before the pairs of symbols. */
export const LABEL_SET_HEADER = 8;

// A label set on its way in: a header, then the arrays it points to, all in the arena and the writer's own.

export const STAGE_BYTES = 32;
/** Seed of the hashes. */
export const STAGE_SEED = 0;
/** Labels; those with an empty value are taken out by `stageFind`. */
export const STAGE_LABELS = 4;
/** Hash of the label set, once all symbols are known. */
export const STAGE_HASH = 8;
/** Address of the text. */
export const STAGE_TEXT = 12;
/** Address of name start, name end, value start, value end of each label, relative to the text. */
export const STAGE_RANGES = 16;
/** Address of the hashes of names and values, where these were not known. */
export const STAGE_HASHES = 20;
/** Address of the symbols of names and values; 0xffffffff where there is none. Of the last label set until the next one is found. */
export const STAGE_SYMBOLS = 24;
/** Address of the addresses of the labels' pair records; 0 where there is none or its vector is full. Kept likewise. */
export const STAGE_PAIRS = 28;
