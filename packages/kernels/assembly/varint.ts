// Variable-length integers of seven bits a byte, low bits first, as protobuf and Go's encoding/binary have them.

/** Bytes that `value` takes, 1 to 10. */
// @ts-ignore: decorator
@inline
export function varintBytes(value: u64): u32 {
  return (70 - <u32>clz(value | 1)) / 7;
}

/** Store `value` at `at`; gives the address behind it. */
export function storeVarint(at: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(at++, <u8>value | 0x80);
    value >>>= 7;
  }
  store<u8>(at, <u8>value);
  return at + 1;
}

/** The address behind the varint at `at`, or 0 when it does not end before `end` or has more than 64 bits. */
export function varintEnd(at: usize, end: usize): usize {
  const last = min(end, at + 10);
  for (let p = at; p < last; p++) {
    const byte = load<u8>(p);
    if (byte < 0x80) return p - at == 9 && byte > 1 ? 0 : p + 1;
  }
  return 0;
}

/** The varint at `at`, of which `varintEnd` found the end. */
export function loadVarint(at: usize): u64 {
  let byte = <u64>load<u8>(at);
  let value = byte & 0x7f;
  for (let shift: u64 = 7; byte >= 0x80; shift += 7) {
    byte = <u64>load<u8>(++at);
    value |= (byte & 0x7f) << shift;
  }
  return value;
}

/** A signed number as varints carry it: small numbers of either sign are short. */
// @ts-ignore: decorator
@inline
export function zigzag(value: i64): u64 {
  return (<u64>value << 1) ^ <u64>(value >> 63);
}

// @ts-ignore: decorator
@inline
export function unzigzag(value: u64): i64 {
  return <i64>(value >>> 1) ^ -(<i64>value & 1);
}

/**
 * How many bytes the varint at the low end of the 8 bytes `word` has, 1 to 8; 9 or more when it goes on behind them.
 * With `shortVarint` the quick way for numbers of up to 56 bits where 8 bytes can be read.
 */
// @ts-ignore: decorator
@inline
export function shortVarintBytes(word: u64): u32 {
  return (<u32>ctz(~word & 0x8080808080808080) >>> 3) + 1;
}

/** The varint of `bytes` (1 to 8) bytes at the low end of `word`. */
// @ts-ignore: decorator
@inline
export function shortVarint(word: u64, bytes: u32): u64 {
  word &= 0x7f7f7f7f7f7f7f7f >>> (64 - (bytes << 3));
  word = (word & 0x007f007f007f007f) | ((word & 0x7f007f007f007f00) >>> 1);
  word = (word & 0x00003fff00003fff) | ((word & 0x3fff00003fff0000) >>> 2);
  return (word & 0x0fffffff) | ((word & 0x0fffffff00000000) >>> 4);
}
