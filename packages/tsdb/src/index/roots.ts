import {INDEX_ROOTS} from '../arena/layout.ts';

// Where the headers of the index's structures lie in the arena's first page.

/** Table: hash of a symbol's bytes → symbol. */
export const SYMBOL_TABLE = INDEX_ROOTS;
/** Records: see `symbols.ts`. */
export const SYMBOL_RECORDS = INDEX_ROOTS + 16;
/** Table: hash of a label pair → its number. */
export const PAIR_TABLE = INDEX_ROOTS + 32;
/** Records: see `postings.ts`. */
export const PAIR_RECORDS = INDEX_ROOTS + 48;
/** Records: see `postings.ts`. */
export const NAME_RECORDS = INDEX_ROOTS + 64;
/** Vector: all series. */
export const ALL_SERIES = INDEX_ROOTS + 80;
/** Table: hash of a label set → slot. */
export const LABEL_SET_TABLE = INDEX_ROOTS + 96;
/** Records: slot → address of the label set. */
export const LABEL_SET_RECORDS = INDEX_ROOTS + 112;
