// Records of native histograms in the logs (tsdb/docs/format/wal.md upstream): types 7 and 9 of integers, 8 and 10 of floats, 12 and
// 13 with start times. In memory a sample is a cell that refers to a histogram record (@narthex/model/histogram/record.ts):
//
//    0  u32  bytes of the record        24  f64  zero threshold
//    4  i32  schema                     32  f64  zero count
//    8  u32  counter reset | INTEGER    40  f64  count
//   12  u32  positive buckets, P        48  f64  sum
//   16  u32  negative buckets, N        56  f64  counts: P positive, N negative ones; then C bounds
//   20  u32  custom bounds, C               i32  indexes: P positive, N negative ones

import {
  DECODE_AT,
  DECODE_BASE_REF,
  DECODE_BASE_TIME,
  DECODE_BEGUN,
  DECODE_BEYOND,
  DECODE_COUNT,
  DECODE_DONE,
  DECODE_END,
  DECODE_FIRST_START,
  DECODE_FULL,
  DECODE_HEAP,
  DECODE_LAST_START,
  DECODE_OLD,
  DECODE_REFUSED,
} from '../layout/wal-histograms';
import {loadVarint, storeVarint, unzigzag, varintEnd, zigzag} from './varint';
import {START_NONE, START_OTHER, START_SAME, storeStart} from './wal-starts';

const HISTOGRAM_HIGH: u32 = 0x7ff00001;
const HEADER_BYTES: usize = 56;
const INTEGER: u32 = 4;
const HINT_MASK: u32 = 3;

const SCHEMA_CUSTOM: i64 = -53;
const SCHEMA_MIN: i64 = -4;
const SCHEMA_MAX_RESERVED: i64 = 52;
/** Bucket indexes are i32. */
const INDEX_END: i64 = 1 << 31;
const OFFSET_MAX: i64 = 2147483647;
const EXACT_MAX: i64 = 9007199254740991;
const CORRUPT: u32 = 0xffffffff;

/** Kinds of samples, each of which has a record of its own. */
const KIND_FLOAT: u32 = 0;
const KIND_INTEGER: u32 = 1;
const KIND_INTEGER_CUSTOM: u32 = 2;
const KIND_FLOAT_HISTOGRAM: u32 = 3;
const KIND_FLOAT_HISTOGRAM_CUSTOM: u32 = 4;

const TYPE_FLOAT: u32 = 8;
const TYPE_FLOAT_CUSTOM: u32 = 10;
const TYPE_INTEGER_2: u32 = 12;
const TYPE_FLOAT_2: u32 = 13;

/** The cells of a batch are told apart by so many low bits of their series. */
const SERIES_MASK: usize = 0xffff;

function kindOf(cell: usize): u32 {
  if (load<u32>(cell, 4) != HISTOGRAM_HIGH) return KIND_FLOAT;
  const record = <usize>load<u32>(cell);
  const kind = (load<u32>(record, 8) & INTEGER) != 0 ? KIND_INTEGER : KIND_FLOAT_HISTOGRAM;
  return <i64>load<i32>(record, 4) == SCHEMA_CUSTOM ? kind + 1 : kind;
}

/** Which kinds the cells have, a bit each. */
export function walKinds(values: usize, count: u32): u32 {
  let kinds: u32 = 0;
  const end = values + (<usize>count << 3);
  for (let at = values; at < end; at += 8) kinds |= 1 << kindOf(at);
  return kinds;
}

/**
 * Where the first of the samples is, from `from` on, that must not share a batch with those before it: samples of a batch are
 * logged by kind, so those of one series have to be of one. `count` when all can be together. In the `second` form (1, else 0) custom
 * buckets make no difference. `table` has 64 KiB.
 */
export function walBatchEnd(refs: usize, values: usize, from: u32, count: u32, second: u32, table: usize): u32 {
  memory.fill(table, 0, SERIES_MASK + 1);
  for (let i = from; i < count; i++) {
    const offset = <usize>i << 3;
    const entry = table + (<usize>(<i64>load<f64>(refs + offset)) & SERIES_MASK);
    const kind = second != 0 ? ((kindOf(values + offset) + 1) >> 1) + 1 : kindOf(values + offset) + 1;
    const known = <u32>load<u8>(entry);
    if (known != 0 && known != kind) return i;
    store<u8>(entry, <u8>kind);
  }
  return count;
}

/** Copy the samples whose kind has its bit in `kinds` to the other columns; gives their number. Starts may be 0. */
export function walTakeKinds(
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  count: u32,
  kinds: u32,
  toRefs: usize,
  toTimes: usize,
  toValues: usize,
  toStarts: usize,
): u32 {
  let taken: usize = 0;
  for (let i: usize = 0; i < <usize>count << 3; i += 8) {
    if (((kinds >> kindOf(values + i)) & 1) == 0) continue;
    store<u64>(toRefs + taken, load<u64>(refs + i));
    store<u64>(toTimes + taken, load<u64>(times + i));
    store<u64>(toValues + taken, load<u64>(values + i));
    if (starts != 0) store<u64>(toStarts + taken, load<u64>(starts + i));
    taken += 8;
  }
  return <u32>(taken >> 3);
}

/** The most bytes that a record of these `count` histograms takes. */
export function walHistogramsMax(values: usize, count: u32): u32 {
  let bytes: u32 = 31;
  const end = values + (<usize>count << 3);
  for (let at = values; at < end; at += 8) {
    const record = <usize>load<u32>(at);
    // A bucket may be a span of its own (offset, length) and has a count; an offset beyond 2^31 is cut in two.
    bytes += 160 + 16 * (load<u32>(record, 12) + load<u32>(record, 16)) + 8 * load<u32>(record, 20);
  }
  return bytes;
}

/**
 * Encode histograms to a record of `type` at `target`, which has room for `walHistogramsMax`; gives its length. `starts` is 0 unless
 * the type has start times.
 */
export function walEncodeHistograms(
  type: u32,
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  count: u32,
  target: usize,
): u32 {
  store<u8>(target, <u8>type);
  if (count == 0) return 1;
  const integers = isInteger(type);
  const second = type >= TYPE_INTEGER_2;
  const firstRef = <i64>load<f64>(refs);
  const firstTime = <i64>load<f64>(times);
  let to = target + 1;
  if (!second) {
    store<u64>(to, bswap<u64>(<u64>firstRef));
    store<u64>(to, bswap<u64>(<u64>firstTime), 8);
    to += 16;
  }
  for (let i: usize = 0; i < <usize>count << 3; i += 8) {
    const ref = <i64>load<f64>(refs + i);
    const time = <i64>load<f64>(times + i);
    if (second && i == 0) {
      to = storeVarint(storeVarint(to, zigzag(ref)), zigzag(time));
      to = storeVarint(to, zigzag(startAt(starts, 0)));
    } else {
      const base = second ? <i64>load<f64>(refs + i - 8) : firstRef;
      to = storeVarint(storeVarint(to, zigzag(ref - base)), zigzag(time - firstTime));
      if (second) to = storeStart(to, startAt(starts, i), startAt(starts, 0), startAt(starts, i - 8));
    }
    to = encodeHistogram(to, <usize>load<u32>(values + i), integers);
  }
  return <u32>(to - target);
}

function isInteger(type: u32): bool {
  return type != TYPE_FLOAT && type != TYPE_FLOAT_CUSTOM && type != TYPE_FLOAT_2;
}

function startAt(starts: usize, offset: usize): i64 {
  return starts == 0 ? 0 : <i64>load<f64>(starts + offset);
}

function encodeHistogram(to: usize, record: usize, integers: bool): usize {
  const positives = load<u32>(record, 12);
  const negatives = load<u32>(record, 16);
  const bounds = load<u32>(record, 20);
  const counts = record + HEADER_BYTES;
  const boundsAt = counts + (<usize>(positives + negatives) << 3);
  const indexes = boundsAt + (<usize>bounds << 3);
  store<u8>(to, <u8>(load<u32>(record, 8) & HINT_MASK));
  to = storeVarint(to + 1, zigzag(load<i32>(record, 4)));
  to = storeFloat(to, record + 24);
  to = storeCount(to, record + 32, integers);
  to = storeCount(to, record + 40, integers);
  to = storeFloat(to, record + 48);
  to = storeSpans(to, indexes, positives);
  to = storeSpans(to, indexes + (<usize>positives << 2), negatives);
  to = storeBuckets(to, counts, positives, integers);
  to = storeBuckets(to, counts + (<usize>positives << 3), negatives, integers);
  if (<i64>load<i32>(record, 4) != SCHEMA_CUSTOM) return to;
  to = storeVarint(to, bounds);
  for (let i: usize = 0; i < <usize>bounds << 3; i += 8) to = storeFloat(to, boundsAt + i);
  return to;
}

function storeFloat(to: usize, at: usize): usize {
  store<u64>(to, bswap<u64>(load<u64>(at)));
  return to + 8;
}

function storeCount(to: usize, at: usize, integers: bool): usize {
  return integers ? storeVarint(to, <u64>load<f64>(at)) : storeFloat(to, at);
}

/** Runs of consecutive buckets, each with its distance from the one before. */
function storeSpans(to: usize, indexes: usize, count: u32): usize {
  to = storeVarint(to, countSpans(indexes, count));
  let behind: i64 = 0;
  for (let i: u32 = 0; i < count;) {
    const first = <i64>load<i32>(indexes + (<usize>i << 2));
    let length: u32 = 1;
    while (i + length < count && <i64>load<i32>(indexes + (<usize>(i + length) << 2)) == first + length) length++;
    let offset = first - behind;
    if (offset > OFFSET_MAX) {
      to = storeVarint(storeVarint(to, zigzag(OFFSET_MAX)), 0);
      offset -= OFFSET_MAX;
    }
    to = storeVarint(storeVarint(to, zigzag(offset)), length);
    behind = first + length;
    i += length;
  }
  return to;
}

function countSpans(indexes: usize, count: u32): u32 {
  let spans: u32 = 0;
  let behind: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const index = <i64>load<i32>(indexes + (<usize>i << 2));
    if (i == 0 || index != behind) spans += index - behind > OFFSET_MAX ? 2 : 1;
    behind = index + 1;
  }
  return spans;
}

/** Integers as differences to the one before. */
function storeBuckets(to: usize, counts: usize, count: u32, integers: bool): usize {
  to = storeVarint(to, count);
  let last: i64 = 0;
  for (let i: usize = 0; i < <usize>count << 3; i += 8) {
    if (!integers) {
      to = storeFloat(to, counts + i);
      continue;
    }
    const value = <i64>load<f64>(counts + i);
    to = storeVarint(to, zigzag(value - last));
    last = value;
  }
  return to;
}

/**
 * Decode a record of any of these types from where `state` (layout/wal-histograms.ts, zeroed but for the ends) says, to the columns from
 * its count on and to the heap, where the histograms go. `starts` may be 0. Samples before `minTime` are left out. Gives DECODE_DONE;
 * DECODE_FULL where the columns (`capacity`) or the heap (up to `heapEnd`) have no room for the next sample: it can be called again
 * when they have; 0xffffffff where the record is none.
 */
export function walDecodeHistograms(
  state: usize,
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  capacity: u32,
  heapEnd: usize,
  minTime: f64,
): u32 {
  const end = <usize>load<u32>(state, DECODE_END);
  if (load<u32>(state, DECODE_BEGUN) == 0 && !decodeBegin(state, end)) return CORRUPT;
  const type = load<u8>(<usize>load<u32>(state, DECODE_BEGUN));
  const second = type >= TYPE_INTEGER_2;
  const integers = isInteger(type);
  while (<usize>load<u32>(state, DECODE_AT) < end) {
    if (load<u32>(state, DECODE_COUNT) >= capacity) return DECODE_FULL;
    const outcome = decodeSample(state, end, second, integers, refs, times, values, starts, heapEnd, minTime);
    if (outcome != DECODE_DONE) return outcome;
  }
  return DECODE_DONE;
}

/** Read over the type and the bases. DECODE_BEGUN keeps where the record is. */
function decodeBegin(state: usize, end: usize): bool {
  const record = <usize>load<u32>(state, DECODE_AT);
  if (record >= end) return false;
  store<u32>(state, <u32>record, DECODE_BEGUN);
  let at = record + 1;
  if (load<u8>(record) < TYPE_INTEGER_2 && at < end) {
    if (end - at < 16) return false;
    store<u64>(state, bswap<u64>(load<u64>(at)), DECODE_BASE_REF);
    store<u64>(state, bswap<u64>(load<u64>(at, 8)), DECODE_BASE_TIME);
    at += 16;
  }
  store<u32>(state, <u32>at, DECODE_AT);
  return true;
}

function decodeSample(
  state: usize,
  end: usize,
  second: bool,
  integers: bool,
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  heapEnd: usize,
  minTime: f64,
): u32 {
  let at = <usize>load<u32>(state, DECODE_AT);
  const first = second && at == <usize>load<u32>(state, DECODE_BEGUN) + 1;
  const timeAt = varintEnd(at, end);
  if (timeAt == 0) return CORRUPT;
  const ref = load<u64>(state, DECODE_BASE_REF) + <u64>unzigzag(loadVarint(at));
  at = varintEnd(timeAt, end);
  if (at == 0) return CORRUPT;
  const time = load<i64>(state, DECODE_BASE_TIME) + unzigzag(loadVarint(timeAt));
  let start: i64 = 0;
  if (second) {
    const marker = first ? START_OTHER : at < end ? <u32>load<u8>(at++) : START_NONE;
    if (marker == START_SAME) start = load<i64>(state, DECODE_LAST_START);
    else if (marker != START_NONE) {
      const behind = varintEnd(at, end);
      if (behind == 0) return CORRUPT;
      start = load<i64>(state, DECODE_FIRST_START) + unzigzag(loadVarint(at));
      at = behind;
    }
  }
  const histogram = at;
  at = histogramEnd(at, end, integers);
  if (at == 0) return CORRUPT;
  let kept: u32 = 0;
  if (ref > <u64>EXACT_MAX || time > EXACT_MAX || time < -EXACT_MAX) increase(state, DECODE_BEYOND);
  else if (<f64>time < minTime) increase(state, DECODE_OLD);
  else {
    const heap = <usize>load<u32>(state, DECODE_HEAP);
    const bytes = recordBytes(histogram, integers);
    if (bytes == 0) increase(state, DECODE_REFUSED);
    else if (bytes > <u64>(heapEnd - heap)) return DECODE_FULL;
    else {
      decodeHistogram(histogram, integers, heap, <u32>bytes);
      const offset = <usize>load<u32>(state, DECODE_COUNT) << 3;
      store<f64>(refs + offset, <f64>(<i64>ref));
      store<f64>(times + offset, <f64>time);
      store<u32>(values + offset, <u32>heap);
      store<u32>(values + offset, HISTOGRAM_HIGH, 4);
      if (starts != 0) store<f64>(starts + offset, <f64>start);
      kept = <u32>bytes;
    }
  }
  if (kept != 0) {
    store<u32>(state, load<u32>(state, DECODE_HEAP) + kept, DECODE_HEAP);
    increase(state, DECODE_COUNT);
  }
  if (second) {
    store<u64>(state, ref, DECODE_BASE_REF);
    store<i64>(state, start, DECODE_LAST_START);
    if (first) {
      store<i64>(state, time, DECODE_BASE_TIME);
      store<i64>(state, start, DECODE_FIRST_START);
    }
  }
  store<u32>(state, <u32>at, DECODE_AT);
  return DECODE_DONE;
}

function increase(state: usize, field: usize): void {
  store<u32>(state + field, load<u32>(state + field) + 1);
}

/** The address behind an encoded histogram; 0 when it is cut off. */
function histogramEnd(at: usize, end: usize, integers: bool): usize {
  if (at >= end) return 0;
  const schema = at + 1;
  at = varintEnd(schema, end);
  if (at == 0) return 0;
  const custom = unzigzag(loadVarint(schema)) == SCHEMA_CUSTOM;
  at = floatsEnd(at, end, 1);
  at = countsEnd(at, end, 2, integers);
  at = floatsEnd(at, end, 1);
  at = listEnd(at, end, true, false);
  at = listEnd(at, end, true, false);
  at = listEnd(at, end, false, !integers);
  at = listEnd(at, end, false, !integers);
  return custom ? listEnd(at, end, false, true) : at;
}

/** The address behind a list: its length, then that many spans, varints or floats. */
function listEnd(at: usize, end: usize, spans: bool, floats: bool): usize {
  if (at == 0) return 0;
  const next = varintEnd(at, end);
  if (next == 0) return 0;
  const length = loadVarint(at);
  // An entry has a byte at least.
  if (length > <u64>(end - next)) return 0;
  if (floats) return floatsEnd(next, end, <u32>length);
  return countsEnd(next, end, spans ? 2 * <u32>length : <u32>length, true);
}

function floatsEnd(at: usize, end: usize, count: u32): usize {
  return at == 0 || (<u64>count << 3) > <u64>(end - at) ? 0 : at + (<usize>count << 3);
}

function countsEnd(at: usize, end: usize, count: u32, integers: bool): usize {
  if (!integers) return floatsEnd(at, end, count);
  for (let i: u32 = 0; i < count && at != 0; i++) at = varintEnd(at, end);
  return at;
}

// From here on, the encoded histogram is known to be whole.

// @ts-ignore: decorator
@inline
function behindVarint(at: usize): usize {
  while (load<u8>(at) >= 0x80) at++;
  return at + 1;
}

function behindVarints(at: usize, count: u32): usize {
  for (let i: u32 = 0; i < count; i++) at = behindVarint(at);
  return at;
}

/** Where the spans begin. */
function spansAt(histogram: usize, integers: bool): usize {
  const at = behindVarint(histogram + 1) + 8;
  return (integers ? behindVarints(at, 2) : at + 16) + 8;
}

function behindSpans(at: usize): usize {
  return behindVarints(behindVarint(at), 2 * <u32>loadVarint(at));
}

function behindCounts(at: usize, integers: bool): usize {
  const count = <u32>loadVarint(at);
  return integers ? behindVarints(behindVarint(at), count) : behindVarint(at) + (<usize>count << 3);
}

/** Bytes of the record of an encoded histogram; 0 for what is no histogram here. */
function recordBytes(histogram: usize, integers: bool): u64 {
  const schema = unzigzag(loadVarint(histogram + 1));
  const custom = schema == SCHEMA_CUSTOM;
  if (!custom && (schema < SCHEMA_MIN || schema > SCHEMA_MAX_RESERVED)) return 0;
  const positiveSpans = spansAt(histogram, integers);
  const negativeSpans = behindSpans(positiveSpans);
  const positives = behindSpans(negativeSpans);
  const negatives = behindCounts(positives, integers);
  const positiveCount = loadVarint(positives);
  const negativeCount = loadVarint(negatives);
  if (!fit(positiveSpans, positiveCount) || !fit(negativeSpans, negativeCount)) return 0;
  const bounds = custom ? loadVarint(behindCounts(negatives, integers)) : 0;
  const buckets = positiveCount + negativeCount;
  return HEADER_BYTES + ((buckets + bounds) << 3) + (((buckets + 1) >>> 1) << 3);
}

/** Whether the spans list so many buckets, each once, in order. */
function fit(spans: usize, buckets: u64): bool {
  const count = <u32>loadVarint(spans);
  let at = behindVarint(spans);
  let listed: u64 = 0;
  let behind: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const offset = unzigzag(loadVarint(at));
    at = behindVarint(at);
    const length = loadVarint(at);
    at = behindVarint(at);
    if (offset < -INDEX_END || offset > OFFSET_MAX || (i > 0 && offset < 0)) return false;
    if (length > buckets - listed) return false;
    listed += length;
    behind += offset + <i64>length;
    if (behind > INDEX_END) return false;
  }
  return listed == buckets;
}

function decodeHistogram(histogram: usize, integers: bool, record: usize, bytes: u32): void {
  const schema = <i32>unzigzag(loadVarint(histogram + 1));
  const threshold = behindVarint(histogram + 1);
  const zeroCount = threshold + 8;
  const count = integers ? behindVarint(zeroCount) : zeroCount + 8;
  const sum = integers ? behindVarint(count) : count + 8;
  const positiveSpans = sum + 8;
  const negativeSpans = behindSpans(positiveSpans);
  const positives = behindSpans(negativeSpans);
  const negatives = behindCounts(positives, integers);
  const positiveCount = <u32>loadVarint(positives);
  const negativeCount = <u32>loadVarint(negatives);
  const custom = <i64>schema == SCHEMA_CUSTOM;
  const boundsAt = behindCounts(negatives, integers);
  const bounds = custom ? <u32>loadVarint(boundsAt) : 0;
  store<u32>(record, bytes);
  store<i32>(record, schema, 4);
  store<u32>(record, (<u32>load<u8>(histogram) & HINT_MASK) | (integers ? INTEGER : 0), 8);
  store<u32>(record, positiveCount, 12);
  store<u32>(record, negativeCount, 16);
  store<u32>(record, bounds, 20);
  storeFloat(record + 24, threshold);
  loadCount(record + 32, zeroCount, integers);
  loadCount(record + 40, count, integers);
  storeFloat(record + 48, sum);
  let to = loadBuckets(record + HEADER_BYTES, positives, integers);
  to = loadBuckets(to, negatives, integers);
  if (bounds > 0) to = loadBuckets(to, boundsAt, false);
  to = loadIndexes(to, positiveSpans);
  to = loadIndexes(to, negativeSpans);
  if (((positiveCount + negativeCount) & 1) != 0) store<u32>(to, 0);
}

function loadCount(to: usize, at: usize, integers: bool): void {
  if (integers) store<f64>(to, <f64>loadVarint(at));
  else storeFloat(to, at);
}

function loadBuckets(to: usize, list: usize, integers: bool): usize {
  const end = to + (<usize>loadVarint(list) << 3);
  let at = behindVarint(list);
  let value: i64 = 0;
  for (; to < end; to += 8) {
    if (integers) {
      value += unzigzag(loadVarint(at));
      store<f64>(to, <f64>value);
      at = behindVarint(at);
    } else {
      storeFloat(to, at);
      at += 8;
    }
  }
  return to;
}

function loadIndexes(to: usize, spans: usize): usize {
  const count = <u32>loadVarint(spans);
  let at = behindVarint(spans);
  let index: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    index += unzigzag(loadVarint(at));
    at = behindVarint(at);
    const end = index + <i64>loadVarint(at);
    at = behindVarint(at);
    for (; index < end; index++, to += 4) store<i32>(to, <i32>index);
  }
  return to;
}
