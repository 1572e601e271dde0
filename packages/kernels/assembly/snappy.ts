// Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt): a varint of the decoded length,
// then literals and copies of what was decoded before.

import {CORRUPT} from '../layout/codes';
import {storeVarint} from './varint';

/** Slots of the encoder's table: u16 positions within one block of 64 KiB. */
const TABLE_BITS_MAX: u32 = 14;
/** Input is compressed in pieces of this size, so that a position fits 16 bits. */
const BLOCK_BYTES: u32 = 65536;
/** The encoder stops looking for matches this close to the end of a block, where loads of 8 bytes would leave it. */
const MARGIN_BYTES: u32 = 15;

/** The decoded length that the block at `at` claims, or CORRUPT when it is no block. Check it before making room. */
export function snappyLength(at: usize, length: u32): u32 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < min(length, 5); i++) {
    const byte = <u64>load<u8>(at + i);
    value |= (byte & 0x7f) << (7 * <u64>i);
    if (byte < 0x80) return value < <u64>0xffffffff ? <u32>value : CORRUPT;
  }
  return CORRUPT;
}

/**
 * Decode the block of `length` bytes at `source` to `target`, which has room for the `capacity` bytes that `snappyLength`
 * gave. Gives the decoded length or CORRUPT for a corrupt block; reads and writes nothing outside of the two. They do not overlap.
 */
export function snappyDecode(source: usize, length: u32, target: usize, capacity: u32): u32 {
  if (capacity == CORRUPT || snappyLength(source, length) != capacity) return CORRUPT;
  const sourceEnd = source + length;
  const targetEnd = target + capacity;
  let from = source;
  while (load<u8>(from++) >= 0x80);
  let to = target;
  while (from < sourceEnd) {
    const tag = <u32>load<u8>(from++);
    let size: u32;
    let distance: u32;
    switch (tag & 3) {
      case 0: {
        size = tag >>> 2;
        if (size >= 60) {
          const lengthBytes = size - 59;
          if (<u32>(sourceEnd - from) < lengthBytes) return CORRUPT;
          size = 0;
          for (let i: u32 = 0; i < lengthBytes; i++) size |= <u32>load<u8>(from + i) << (8 * i);
          from += lengthBytes;
          if (size == 0xffffffff) return CORRUPT;
        }
        size++;
        if (size > <u32>(sourceEnd - from) || size > <u32>(targetEnd - to)) return CORRUPT;
        if (size <= 16 && sourceEnd - from >= 16 && targetEnd - to >= 16) v128.store(to, v128.load(from));
        else memory.copy(to, from, size);
        from += size;
        to += size;
        continue;
      }
      case 1: {
        if (sourceEnd - from < 1) return CORRUPT;
        size = ((tag >>> 2) & 7) + 4;
        distance = ((tag & 0xe0) << 3) | <u32>load<u8>(from);
        from += 1;
        break;
      }
      case 2: {
        if (sourceEnd - from < 2) return CORRUPT;
        size = (tag >>> 2) + 1;
        distance = <u32>load<u16>(from);
        from += 2;
        break;
      }
      default: {
        if (sourceEnd - from < 4) return CORRUPT;
        size = (tag >>> 2) + 1;
        distance = load<u32>(from);
        from += 4;
      }
    }
    if (distance == 0 || distance > <u32>(to - target) || size > <u32>(targetEnd - to)) return CORRUPT;
    copyBack(to, distance, size, targetEnd);
    to += size;
  }
  return to == targetEnd ? capacity : CORRUPT;
}

/** Repeat the `size` (1 to 64) bytes that begin `distance` before `to`; may scribble up to `limit`. */
// @ts-ignore: decorator
@inline
function copyBack(to: usize, distance: u32, size: u32, limit: usize): void {
  const from = to - distance;
  if (distance >= 16 && limit - to >= 64) {
    v128.store(to, v128.load(from));
    if (size > 16) {
      v128.store(to, v128.load(from, 16), 16);
      if (size > 32) {
        v128.store(to, v128.load(from, 32), 32);
        v128.store(to, v128.load(from, 48), 48);
      }
    }
  } else if (distance >= 8 && limit - to >= 72) {
    for (let i: u32 = 0; i < size; i += 8) store<u64>(to + i, load<u64>(from + i));
  } else {
    // Source and target overlap when a run repeats, so byte after byte.
    for (let i: u32 = 0; i < size; i++) store<u8>(to + i, load<u8>(from + i));
  }
}

/** The most bytes that encoding `length` bytes can give. */
export function snappyEncodedMax(length: u32): u32 {
  return 32 + length + length / 6;
}

/**
 * Encode the `length` bytes at `source` to `target`, which has room for `snappyEncodedMax(length)`; gives the encoded length.
 * `table` is scratch of 32 KiB, whose content does not matter.
 */
export function snappyEncode(source: usize, length: u32, target: usize, table: usize): u32 {
  let to = storeVarint(target, length);
  while (length > 0) {
    const block = min(length, BLOCK_BYTES);
    to = encodeBlock(source, block, to, table);
    source += block;
    length -= block;
  }
  return <u32>(to - target);
}

// @ts-ignore: decorator
@inline
function hash(word: u32, shift: u32): u32 {
  return (word * 0x1e35a7bd) >>> shift;
}

/** Encode up to 64 KiB. The further from the last match, the larger the steps, so that what does not compress costs little. */
function encodeBlock(source: usize, length: u32, to: usize, table: usize): usize {
  if (length <= MARGIN_BYTES) return storeLiteral(to, source, length);
  let bits: u32 = 8;
  while (bits < TABLE_BITS_MAX && <u32>1 << bits < length) bits++;
  const shift = 32 - bits;
  memory.fill(table, 0, 2 << bits);
  const end = source + length;
  const limit = end - MARGIN_BYTES;
  let literal = source;
  let at = source + 1;
  let skip: u32 = 32;
  while (at < limit) {
    const word = load<u32>(at);
    const slot = table + (hash(word, shift) << 1);
    const candidate = source + <usize>load<u16>(slot);
    store<u16>(slot, <u16>(at - source));
    if (load<u32>(candidate) != word) {
      at += skip++ >>> 5;
      continue;
    }
    if (literal < at) to = storeLiteral(to, literal, <u32>(at - literal));
    const matched = matchEnd(candidate + 4, at + 4, end);
    to = storeCopies(to, <u32>(at - candidate), <u32>(matched - at));
    at = matched;
    literal = at;
    skip = 32;
    if (at < limit) store<u16>(table + (hash(load<u32>(at - 1), shift) << 1), <u16>(at - 1 - source));
  }
  return literal < end ? storeLiteral(to, literal, <u32>(end - literal)) : to;
}

/** The end of what is the same at `a` and `b`, as an address behind `b`. */
// @ts-ignore: decorator
@inline
function matchEnd(a: usize, b: usize, end: usize): usize {
  while (b + 8 <= end) {
    const difference = load<u64>(a) ^ load<u64>(b);
    if (difference != 0) return b + <usize>(ctz(difference) >>> 3);
    a += 8;
    b += 8;
  }
  while (b < end && load<u8>(a) == load<u8>(b)) {
    a++;
    b++;
  }
  return b;
}

function storeLiteral(to: usize, from: usize, length: u32): usize {
  const last = length - 1;
  if (last < 60) {
    store<u8>(to, <u8>(last << 2));
    to += 1;
  } else if (last < 256) {
    store<u16>(to, <u16>((60 << 2) | (last << 8)));
    to += 2;
  } else {
    store<u8>(to, 61 << 2);
    store<u16>(to, <u16>last, 1);
    to += 3;
  }
  memory.copy(to, from, length);
  return to + length;
}

/** Copies of up to 64 bytes each; none is left shorter than 4, which would not fit the short form. */
function storeCopies(to: usize, distance: u32, length: u32): usize {
  while (length >= 68) {
    to = storeCopy(to, distance, 64);
    length -= 64;
  }
  if (length > 64) {
    to = storeCopy(to, distance, 60);
    length -= 60;
  }
  if (length >= 12 || distance >= 2048) return storeCopy(to, distance, length);
  store<u8>(to, <u8>(1 | ((length - 4) << 2) | ((distance >>> 8) << 5)));
  store<u8>(to, <u8>distance, 1);
  return to + 2;
}

// @ts-ignore: decorator
@inline
function storeCopy(to: usize, distance: u32, length: u32): usize {
  store<u8>(to, <u8>(2 | ((length - 1) << 2)));
  store<u16>(to, <u16>distance, 1);
  return to + 3;
}
