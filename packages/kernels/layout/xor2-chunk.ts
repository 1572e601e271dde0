// The header of an XOR2 chunk that is still being appended to: that of layout/xor-chunk.ts, whose fields mean the same here
// with the two exceptions below, and what start timestamps need behind it. All numbers are little-endian.
//
// XOR_LAST_VALUE holds the newest value that is no stale marker, which the next one is compared with.
// XOR_DATA does not hold: the data begins at XOR2_DATA, as byte OPEN_DATA says.

/** i64: start timestamp of the newest sample, ms; 0 when it is unknown. */
export const XOR2_LAST_START = 48;
/** i64: time of the sample before the newest minus the newest start timestamp, once start timestamps change within the chunk. */
export const XOR2_START_DISTANCE = 56;
/** Where the encoded data begins: exactly the bytes of an upstream XOR2 chunk, its big-endian u16 count first. */
export const XOR2_DATA = 64;

/** Bytes of a chunk that are not encoded data: the header and the padding (XOR_PADDING). */
export const XOR2_OVERHEAD = 80;
/** Encoded bytes of an empty chunk: the count and the byte about start timestamps. */
export const XOR2_EMPTY_BYTES = 3;
/** The most bytes that one sample can add. */
export const XOR2_SAMPLE_BYTES_MAX = 28;

/** Where the byte about start timestamps is in the encoded data. */
export const XOR2_START_BYTE = 2;
/** Bit of that byte: the first sample has a start timestamp. */
export const XOR2_FIRST_START = 0x80;
/** Low bits of that byte: the sample that is the first with another start timestamp than the one before; 0 for none. Also its greatest value. */
export const XOR2_STARTS_FROM = 0x7f;
