// Sample records of the write-ahead log (tsdb/docs/format/wal.md upstream): references and times as differences, values as
// their bits. Numbers of fixed size are big-endian.

import {cellOf} from './cell';
import {loadVarint, shortVarint, shortVarintBytes, storeVarint, unzigzag, varintEnd, zigzag} from './varint';
import {START_NONE, START_SAME, storeStart} from './wal-starts';

const TYPE_SAMPLES: u8 = 2;
const TYPE_SAMPLES_2: u8 = 11;

/** Integers beyond this, either way, have no f64 of their own. */
const EXACT_MAX: i64 = 9007199254740991;
const CORRUPT: u32 = 0xffffffff;
/** Where so many bytes are left, a reference and a time of up to eight bytes each are read in one go. */
const QUICK_BYTES: usize = 16;
/** Series are told apart by so many low bits when samples are grouped. */
const GROUP_BITS: u32 = 16;

/** The most bytes that a record of `count` samples takes. */
export function walSamplesMax(count: u32): u32 {
  return 31 + count * 39;
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

/** The same for a record with start times (`starts`, f64 that hold integers, 0 for none). */
export function walEncodeStartedSamples(
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  count: u32,
  target: usize,
): u32 {
  store<u8>(target, TYPE_SAMPLES_2);
  if (count == 0) return 1;
  const firstTime = <i64>load<f64>(times);
  const firstStart = <i64>load<f64>(starts);
  let to = storeVarint(target + 1, zigzag(<i64>load<f64>(refs)));
  to = storeVarint(storeVarint(to, zigzag(firstTime)), zigzag(firstStart));
  store<u64>(to, bswap<u64>(load<u64>(values)));
  to += 8;
  for (let i: usize = 8; i < <usize>count << 3; i += 8) {
    to = storeVarint(to, zigzag(<i64>load<f64>(refs + i) - <i64>load<f64>(refs + i - 8)));
    to = storeVarint(to, zigzag(<i64>load<f64>(times + i) - firstTime));
    to = storeStart(to, <i64>load<f64>(starts + i), firstStart, <i64>load<f64>(starts + i - 8));
    store<u64>(to, bswap<u64>(load<u64>(values + i)));
    to += 8;
  }
  return <u32>(to - target);
}

/**
 * Decode a samples record (types 2 and 11) to `refs` and `times` (f64), `values` (cells) and, of type 11 and unless that is 0, `starts`
 * (f64, 0 for none), each with room for `length / 10 + 1`. Gives the number of samples, or 0xffffffff when the record is none. Samples whose
 * reference or time is no integer as f64 (beyond ±2^53) are left out; their number goes to the u32 at `left`. Those before `minTime`
 * are left out too; their number goes behind it.
 */
export function walDecodeSamples(
  record: usize,
  length: u32,
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  left: usize,
  minTime: f64,
): u32 {
  store<u64>(left, 0);
  const oldest = minTime > <f64>-EXACT_MAX ? <i64>ceil(min(minTime, <f64>EXACT_MAX)) : -EXACT_MAX;
  const type = length == 0 ? 0 : load<u8>(record);
  if (type != TYPE_SAMPLES && type != TYPE_SAMPLES_2) return CORRUPT;
  if (length == 1) return 0;
  return type == TYPE_SAMPLES_2
    ? decodeSamples(record, length, refs, times, values, starts, left, oldest, true)
    : decodeSamples(record, length, refs, times, values, 0, left, oldest, false);
}

/**
 * In the second form, references are differences to the one before, times to the first, and the first sample is no exception. Inlined
 * once for each form, so that the first doesn't pay for the second.
 */
// @ts-ignore: decorator
@inline
function decodeSamples(
  record: usize,
  length: u32,
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  left: usize,
  oldest: i64,
  second: bool,
): u32 {
  const end = record + length;
  let at = record + 1;
  let baseRef: u64 = 0;
  let baseTime: i64 = 0;
  if (!second) {
    if (length < 17) return CORRUPT;
    baseRef = bswap<u64>(load<u64>(at));
    baseTime = <i64>bswap<u64>(load<u64>(at, 8));
    at += 16;
  }
  let first = second;
  let firstStart: i64 = 0;
  let start: i64 = 0;
  let count: u32 = 0;
  while (at < end) {
    let ref = baseRef;
    let time = baseTime;
    const refWord = end - at >= QUICK_BYTES ? load<u64>(at) : ~0;
    const refBytes = shortVarintBytes(refWord);
    const timeWord = refBytes <= 8 ? load<u64>(at + refBytes) : ~0;
    const timeBytes = shortVarintBytes(timeWord);
    if (timeBytes <= 8) {
      ref += <u64>unzigzag(shortVarint(refWord, refBytes));
      time += unzigzag(shortVarint(timeWord, timeBytes));
      at += refBytes + timeBytes;
    } else {
      const timeAt = varintEnd(at, end);
      if (timeAt == 0) return CORRUPT;
      ref += <u64>unzigzag(loadVarint(at));
      at = varintEnd(timeAt, end);
      if (at == 0) return CORRUPT;
      time += unzigzag(loadVarint(timeAt));
    }
    if (second) {
      const startAt = at;
      at = first ? varintEnd(at, end) : startEnd(at, end);
      if (at == 0) return CORRUPT;
      if (first) firstStart = start = unzigzag(loadVarint(startAt));
      else if (load<u8>(startAt) != START_SAME) {
        start = load<u8>(startAt) == START_NONE ? 0 : firstStart + unzigzag(loadVarint(startAt + 1));
      }
      if (first) baseTime = time;
      baseRef = ref;
      first = false;
    }
    if (<u32>(end - at) < 8) return CORRUPT;
    const value = bswap<u64>(load<u64>(at));
    at += 8;
    if (ref > <u64>EXACT_MAX || time > EXACT_MAX || time < oldest) {
      const isOld = ref <= <u64>EXACT_MAX && time <= EXACT_MAX && time >= -EXACT_MAX;
      const reason = left + (isOld ? 4 : 0);
      store<u32>(reason, load<u32>(reason) + 1);
      continue;
    }
    const offset = <usize>count << 3;
    store<f64>(refs + offset, <f64>(<i64>ref));
    store<f64>(times + offset, <f64>time);
    store<u64>(values + offset, cellOf(value));
    if (starts != 0) store<f64>(starts + offset, <f64>start);
    count++;
  }
  return count;
}

/** Behind the start time of a sample that is not the first; 0 when it is cut off. */
// @ts-ignore: decorator
@inline
function startEnd(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const marker = <u32>load<u8>(at);
  return marker == START_NONE || marker == START_SAME ? at + 1 : varintEnd(at + 1, end);
}

/**
 * Copy samples so that those of one series lie together, each series' in their order: appending them touches a series once,
 * not once a sample. References that are the same in their low 16 bits count as one series here. `starts` may be 0. `scratch` has 256 KiB.
 */
export function walGroupSamples(
  refs: usize,
  times: usize,
  values: usize,
  starts: usize,
  count: u32,
  toRefs: usize,
  toTimes: usize,
  toValues: usize,
  toStarts: usize,
  scratch: usize,
): void {
  memory.fill(scratch, 0, 4 << GROUP_BITS);
  const end = refs + (<usize>count << 3);
  for (let at = refs; at < end; at += 8) {
    const group = groupOf(scratch, at);
    store<u32>(group, load<u32>(group) + 1);
  }
  let start: u32 = 0;
  for (let group = scratch; group < scratch + (4 << GROUP_BITS); group += 4) {
    const size = load<u32>(group);
    store<u32>(group, start);
    start += size;
  }
  for (let i: usize = 0; i < <usize>count << 3; i += 8) {
    const group = groupOf(scratch, refs + i);
    const place = load<u32>(group);
    store<u32>(group, place + 1);
    const to = <usize>place << 3;
    store<f64>(toRefs + to, load<f64>(refs + i));
    store<f64>(toTimes + to, load<f64>(times + i));
    store<u64>(toValues + to, load<u64>(values + i));
    if (starts != 0) store<f64>(toStarts + to, load<f64>(starts + i));
  }
}

// @ts-ignore: decorator
@inline
function groupOf(scratch: usize, ref: usize): usize {
  return scratch + ((<usize>(<i64>load<f64>(ref)) & ((1 << GROUP_BITS) - 1)) << 2);
}
