// Sample records of the write-ahead log (tsdb/docs/format/wal.md upstream): references and times as differences, values as
// their bits. Numbers of fixed size are big-endian.

import {loadVarint, storeVarint, unzigzag, varintEnd, zigzag} from './varint';

const TYPE_SAMPLES: u8 = 2;
const TYPE_SAMPLES_2: u8 = 11;
/** How the second form says what the start time of a sample is; start times are read over. */
const START_NONE: u8 = 0;
const START_SAME: u8 = 1;

/** Times beyond this, either way, are no integers as f64. */
const TIME_MAX: i64 = 9007199254740991;

/** The most bytes that a record of `count` samples takes. */
export function walSamplesMax(count: u32): u32 {
  return 17 + count * 28;
}

/**
 * Encode a samples record to `target`, which has room for `walSamplesMax(count)` bytes; gives its length. References and
 * times are f64 that hold integers, values are copied as bits.
 */
export function walEncodeSamples(refs: usize, times: usize, values: usize, count: u32, target: usize): u32 {
  store<u8>(target, TYPE_SAMPLES);
  let to = target + 1;
  if (count == 0) return 1;
  const firstRef = <i64>load<f64>(refs);
  const firstTime = <i64>load<f64>(times);
  store<u64>(to, bswap<u64>(<u64>firstRef));
  store<u64>(to, bswap<u64>(<u64>firstTime), 8);
  to += 16;
  for (let i: u32 = 0; i < count; i++) {
    to = storeVarint(to, zigzag(<i64>load<f64>(refs + (i << 3)) - firstRef));
    to = storeVarint(to, zigzag(<i64>load<f64>(times + (i << 3)) - firstTime));
    store<u64>(to, bswap<u64>(load<u64>(values + (i << 3))));
    to += 8;
  }
  return <u32>(to - target);
}

/**
 * Decode a samples record (types 2 and 11) and find the series of each sample in a table of references (see `findSlot`).
 * Samples of known series go to `slots` (u32), `times` (f64) and `values` (bits), each with room for `length / 10 + 1`;
 * the references that are not known go to `unknown` (u64, as many), and those of samples with times beyond ±2^53 nowhere.
 * `counts` gets how many there were of each kind, three u32. Gives 0 when the record is none, 1 otherwise.
 */
export function walDecodeSamples(
  record: usize,
  length: u32,
  table: usize,
  tableBits: u32,
  slots: usize,
  times: usize,
  values: usize,
  unknown: usize,
  counts: usize,
): u32 {
  store<u64>(counts, 0);
  store<u32>(counts, 0, 8);
  if (length == 0) return 0;
  const type = load<u8>(record);
  if (type != TYPE_SAMPLES && type != TYPE_SAMPLES_2) return 0;
  if (length == 1) return 1;
  const second = type == TYPE_SAMPLES_2;
  const end = record + length;
  let at = record + 1;
  let baseRef: u64 = 0;
  let baseTime: i64 = 0;
  let first = second;
  if (!second) {
    if (length < 17) return 0;
    baseRef = bswap<u64>(load<u64>(at));
    baseTime = <i64>bswap<u64>(load<u64>(at, 8));
    at += 16;
  }
  let stored: u32 = 0;
  let missing: u32 = 0;
  let beyond: u32 = 0;
  while (at < end) {
    const refEnd = varintEnd(at, end);
    if (refEnd == 0) return 0;
    const ref = baseRef + <u64>unzigzag(loadVarint(at));
    const timeEnd = varintEnd(refEnd, end);
    if (timeEnd == 0) return 0;
    const time = baseTime + unzigzag(loadVarint(refEnd));
    at = timeEnd;
    if (second) {
      baseRef = ref;
      if (first) baseTime = time;
      at = first ? varintEnd(at, end) : startEnd(at, end);
      first = false;
      if (at == 0) return 0;
    }
    if (<u32>(end - at) < 8) return 0;
    const value = bswap<u64>(load<u64>(at));
    at += 8;
    const slot = findSlot(table, tableBits, ref);
    if (slot == 0) {
      store<u64>(unknown + (missing++ << 3), ref);
    } else if (time > TIME_MAX || time < -TIME_MAX) {
      beyond++;
    } else {
      store<u32>(slots + (stored << 2), slot - 1);
      store<f64>(times + (stored << 3), <f64>time);
      store<u64>(values + (stored << 3), value);
      stored++;
    }
  }
  store<u32>(counts, stored);
  store<u32>(counts, missing, 4);
  store<u32>(counts, beyond, 8);
  return 1;
}

/** Behind the start time of a sample that is not the first; 0 when it is cut off. */
// @ts-ignore: decorator
@inline
function startEnd(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const marker = load<u8>(at);
  return marker == START_NONE || marker == START_SAME ? at + 1 : varintEnd(at + 1, end);
}

/**
 * The slot of reference `ref`, plus 1; 0 when it is not in the table. The table has 2^bits (8 at least) entries of 16 bytes:
 * the reference (u64), the slot plus 1 (u32, 0 in an empty entry), unused. Eight references in a row lie together, since
 * samples come in their order; then the next free entry is taken.
 */
// @ts-ignore: decorator
@inline
function findSlot(table: usize, bits: u32, ref: u64): u32 {
  const entry = findEntry(table, bits, ref);
  return load<u32>(entry, 8);
}

/** The entry of `ref`, or the empty one where it would be. */
// @ts-ignore: decorator
@inline
function findEntry(table: usize, bits: u32, ref: u64): usize {
  const mask = (<u32>1 << bits) - 1;
  const group = <u32>(((ref >>> 3) * 0x9e3779b97f4a7c15) >>> 32);
  let i = ((group << 3) | (<u32>ref & 7)) & mask;
  let entry = table + (<usize>i << 4);
  while (load<u32>(entry, 8) != 0 && load<u64>(entry) != ref) {
    i = (i + 1) & mask;
    entry = table + (<usize>i << 4);
  }
  return entry;
}

/** The slot of a reference, plus 1, in a table that has room left; 0 when it is not there. `high` and `low` are its halves. */
export function walFindRef(table: usize, bits: u32, high: u32, low: u32): u32 {
  return findSlot(table, bits, (<u64>high << 32) | low);
}

/** Enter a reference; an older entry for it is replaced and 0 given, else 1. The table has an empty entry. */
export function walSetRef(table: usize, bits: u32, high: u32, low: u32, slot: u32): u32 {
  return setSlot(table, bits, (<u64>high << 32) | low, slot + 1);
}

function setSlot(table: usize, bits: u32, ref: u64, slot: u32): u32 {
  const entry = findEntry(table, bits, ref);
  const there = load<u32>(entry, 8);
  store<u64>(entry, ref);
  store<u32>(entry, slot, 8);
  return there == 0 ? 1 : 0;
}

/** Enter all of a table of 2^bits entries into the empty one of 2^targetBits. */
export function walMoveRefs(table: usize, bits: u32, target: usize, targetBits: u32): void {
  const end = table + (<usize>16 << bits);
  for (let entry = table; entry < end; entry += 16) {
    const slot = load<u32>(entry, 8);
    if (slot != 0) setSlot(target, targetBits, load<u64>(entry), slot);
  }
}
