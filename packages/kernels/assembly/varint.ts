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
