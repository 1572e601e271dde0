// Bit strings with the most significant bit first, as Prometheus' chunks have them. A position counts bits from `data`.

/** The big-endian u64 at `at`. WebAssembly has no byte swap: one shuffle of a vector register does it. */
// @ts-ignore: decorator
@inline
export function loadBigEndian(at: usize): u64 {
  const bytes = v128.load64_zero(at);
  return i64x2.extract_lane(i8x16.shuffle(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8), 0);
}

/** Store `word` as big-endian u64 at `at`. */
// @ts-ignore: decorator
@inline
export function storeBigEndian(at: usize, word: u64): void {
  const bytes = i64x2.splat(word);
  v128.store64_lane(at, i8x16.shuffle(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8), 0);
}

/** The bits from `position` on at the top of a word; at least the first 57 are real. Reads 8 bytes. */
// @ts-ignore: decorator
@inline
export function peekBits(data: usize, position: u32): u64 {
  return loadBigEndian(data + (position >>> 3)) << (position & 7);
}

/** Write the low `length` (1 to 57) bits of `bits`, whose others are zero, at `position`. Writes 8 bytes; the bits before `position` stay. */
// @ts-ignore: decorator
@inline
export function putBits(data: usize, position: u32, bits: u64, length: u32): void {
  const at = data + (position >>> 3);
  const used = position & 7;
  const kept = (<u64>load<u8>(at) << 56) & ~(~(<u64>0) >>> used);
  storeBigEndian(at, kept | (bits << (64 - used - length)));
}

/** As putBits, for up to 64 bits. */
export function putLongBits(data: usize, position: u32, bits: u64, length: u32): void {
  if (length <= 57) {
    putBits(data, position, bits, length);
    return;
  }
  putBits(data, position, bits >>> 32, length - 32);
  putBits(data, position + length - 32, bits & 0xffffffff, 32);
}

/** The `length` (1 to 64) bits at `position`. Reads up to 9 bytes. */
// @ts-ignore: decorator
@inline
export function takeBits(data: usize, position: u32, length: u32): u64 {
  let word = peekBits(data, position);
  const used = position & 7;
  if (used + length > 64) word |= <u64>load<u8>(data + (position >>> 3) + 8) >>> (8 - used);
  return word >>> (64 - length);
}
