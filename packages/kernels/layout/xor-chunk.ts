// The header of a float chunk that is still being appended to, read by both sides: AssemblyScript kernels and TypeScript.
// Offsets in bytes from the chunk's address, which is a multiple of 8. All numbers are little-endian.

/** u32: samples published; the last thing an append writes, atomically. Load it atomically before anything else. */
export const XOR_COUNT = 0;
/** u32: bytes of encoded data that fit, the two of the count in front of it included; padding not included. */
export const XOR_CAPACITY = 4;
/** u32: bits of encoded data written, the 16 of the count in front of it included. */
export const XOR_BITS = 8;
/** u8: leading zero bits of the value window; XOR_NO_WINDOW before the first. */
export const XOR_LEADING = 12;
/** u8: trailing zero bits of the value window. */
export const XOR_TRAILING = 13;
/** u8: the encoding of the data (tsdb's chunk/encoding.ts), and where the data begins, in bytes from the chunk's address. All open chunks have them. */
export const OPEN_ENCODING = 14;
export const OPEN_DATA = 15;
/** i64: time of the first sample, ms. */
export const XOR_FIRST_TIME = 16;
/** i64: time of the newest sample, ms. */
export const XOR_LAST_TIME = 24;
/** i64: newest time minus the one before. */
export const XOR_LAST_DELTA = 32;
/** u64: bits of the newest value. */
export const XOR_LAST_VALUE = 40;
/** Where the encoded data begins: exactly the bytes of an upstream XOR chunk, its big-endian u16 count first. */
export const XOR_DATA = 48;

/** Bytes behind the capacity that appends may scribble on and decoders may read. */
export const XOR_PADDING = 16;
/** Bytes of a chunk that are not encoded data: the header and the padding. */
export const XOR_OVERHEAD = 64;
/** Encoded bytes of an empty chunk. */
export const XOR_EMPTY_BYTES = 2;
/** More samples than this do not fit the count. */
export const XOR_SAMPLES_MAX = 65535;
/** The most bytes that one sample can add. */
export const XOR_SAMPLE_BYTES_MAX = 20;
/** In XOR_LEADING: no value has changed yet. */
export const XOR_NO_WINDOW = 0xff;
