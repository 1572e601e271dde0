// Prometheus' denser float chunks with start timestamps (encoding "XOR2", upstream tsdb/chunkenc/xor2.go and
// docs/format/chunks.md): byte for byte the same encoded data.
//
//   u16 big-endian   count of samples
//   u8               bit 7: the first sample has a start; bits 0-6: the first sample whose start is written, 0 for none
//   first sample     varint time, 64 bits of value, varint of time - start where it has one
//   second sample    uvarint time delta, value
//   each later       0              time delta and value as before
//                    10 window      time delta as before, the value another one; window: 0 (as before) | 1 + a new one
//                    110 + 13 bits | 1110 + 20 bits | 11110 + 64 bits change of the time delta, value
//                    11111          time delta as before, a stale marker
//   value            0 (same) | 10 + the bits in the window | 110 + a new window | 111 (a stale marker)
//   a new window     5 bits leading zeros, 6 bits length, the bits
//   start            behind each sample from the first with a changed one on, and at the latest from sample 127 on: the time of the
//                    sample before minus the start; later ones how that distance changed (varbit, upstream's varbit.go)
//
// Stale markers are not xored: the value that the next one is compared with stays.
//
// A chunk that grows has the header of layout/xor2-chunk.ts in front. Other threads may read while one appends: the count
// is published last, and the bits of a published sample are only ever written again as they were. The byte about starts
// does change under readers, from 0 to the number of the sample that is being appended: whoever decodes an older count
// finds a number that none of its samples reaches, which means the same to it as 0.
import {putBits, putLongBits, storeBigEndian} from './bits';
import {putVarbit, varbitBits, varbitClass} from './varbit';
import {storeVarint, varintBytes, zigzag} from './varint';
import {
  OPEN_DATA,
  OPEN_ENCODING,
  XOR_BITS,
  XOR_CAPACITY,
  XOR_COUNT,
  XOR_FIRST_TIME,
  XOR_LAST_DELTA,
  XOR_LAST_TIME,
  XOR_LAST_VALUE,
  XOR_LEADING,
  XOR_NO_WINDOW,
  XOR_SAMPLES_MAX,
} from '../layout/xor-chunk';
import {
  XOR2_DATA,
  XOR2_EMPTY_BYTES,
  XOR2_FIRST_START,
  XOR2_LAST_START,
  XOR2_START_BYTE,
  XOR2_START_DISTANCE,
  XOR2_STARTS_FROM,
} from '../layout/xor2-chunk';

const ENCODING_XOR2: u8 = 4;
const STALE: u64 = 0x7ff0000000000002;
/** A value in a new window: 3 control bits, 5 of leading zeros, 6 of length, 64 significant. */
const VALUE_BITS_MAX: u32 = 78;
const START_BITS_MAX: u32 = 72;

/** Make an empty chunk at `chunk` with room for `capacity` bytes of encoded data; XOR2_OVERHEAD bytes more must be there. */
export function xor2Init(chunk: usize, capacity: u32): void {
  memory.fill(chunk, 0, XOR2_DATA + XOR2_EMPTY_BYTES);
  store<u32>(chunk, capacity, XOR_CAPACITY);
  store<u32>(chunk, XOR2_EMPTY_BYTES << 3, XOR_BITS);
  store<u8>(chunk, XOR_NO_WINDOW, XOR_LEADING);
  store<u8>(chunk, ENCODING_XOR2, OPEN_ENCODING);
  store<u8>(chunk, XOR2_DATA, OPEN_DATA);
  atomic.store<u32>(chunk, 0, XOR_COUNT);
}

/** Bytes of encoded data in `chunk`, which begin at XOR2_DATA. */
export function xor2Bytes(chunk: usize): u32 {
  return (load<u32>(chunk, XOR_BITS) + 7) >>> 3;
}

/** Copy `source` with its appender's state to `target`, which has room for `capacity` bytes of encoded data, at least as many as are there. */
export function xor2Copy(source: usize, target: usize, capacity: u32): void {
  memory.copy(target, source, XOR2_DATA + xor2Bytes(source));
  store<u32>(target, capacity, XOR_CAPACITY);
}

/**
 * Append the sample (`t` ms, an integer; `v`; `start` ms, an integer, 0 when unknown) to `chunk`. Gives 1, or 0 when it does not
 * fit: nothing is written then.
 */
// @ts-ignore: decorator
@inline
export function xor2Append(chunk: usize, t: f64, v: f64, start: f64): u32 {
  if (!xor2AppendBits(chunk, <i64>t, reinterpret<u64>(v), <i64>start)) return 0;
  atomic.store<u32>(chunk, load<u32>(chunk, XOR_COUNT) + 1, XOR_COUNT);
  return 1;
}

/**
 * Append `count` samples from the arrays at `times` (f64, ms), `values` (f64) and `starts` (f64, ms; 0 instead of an address
 * when all are unknown) as far as they fit; gives how many did.
 */
export function xor2AppendMany(chunk: usize, times: usize, values: usize, starts: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const at = i << 3;
    const start = starts == 0 ? 0 : <i64>load<f64>(starts + at);
    if (!xor2AppendBits(chunk, <i64>load<f64>(times + at), load<u64>(values + at), start)) return i;
    atomic.store<u32>(chunk, load<u32>(chunk, XOR_COUNT) + 1, XOR_COUNT);
  }
  return count;
}

/** As xor2Append, for the bits of a value, but leaves it to the caller to add one to XOR_COUNT. */
export function xor2AppendBits(chunk: usize, time: i64, value: u64, start: i64): u32 {
  const count = load<u32>(chunk, XOR_COUNT);
  if (count < 2) return count == 0 ? appendFirst(chunk, time, value, start) : appendSecond(chunk, time, value, start);
  const delta = time - load<i64>(chunk, XOR_LAST_TIME);
  const change = delta - load<i64>(chunk, XOR_LAST_DELTA);
  if (change == 0) return appendJoint(chunk, time, delta, value, start, count);
  if (-0x1000 <= change && change < 0x1000) {
    return appendValue(chunk, time, delta, value, start, count, (0b110 << 13) | (change & 0x1fff), 16);
  }
  if (-0x80000 <= change && change < 0x80000) {
    return appendValue(chunk, time, delta, value, start, count, (0b1110 << 20) | (change & 0xfffff), 24);
  }
  return appendFarTime(chunk, time, delta, value, start, count, change);
}

function appendFirst(chunk: usize, time: i64, value: u64, start: i64): u32 {
  const timeBytes = varintBytes(zigzag(time));
  const startBytes = start == 0 ? 0 : varintBytes(zigzag(time - start));
  const bytes = <u32>XOR2_EMPTY_BYTES + timeBytes + 8 + startBytes;
  if (bytes > load<u32>(chunk, XOR_CAPACITY)) return 0;
  const at = chunk + XOR2_DATA + XOR2_EMPTY_BYTES;
  storeVarint(at, zigzag(time));
  storeBigEndian(at + timeBytes, value);
  if (start != 0) {
    storeVarint(at + timeBytes + 8, zigzag(time - start));
    store<u8>(chunk, XOR2_FIRST_START, XOR2_DATA + XOR2_START_BYTE);
  }
  store<i64>(chunk, time, XOR_FIRST_TIME);
  store<i64>(chunk, start, XOR2_LAST_START);
  finish(chunk, time, 0, value, bytes << 3, 1);
  return 1;
}

function appendSecond(chunk: usize, time: i64, value: u64, start: i64): u32 {
  const delta = time - load<i64>(chunk, XOR_LAST_TIME);
  const timeBits = varintBytes(<u64>delta) << 3;
  const position = load<u32>(chunk, XOR_BITS);
  // With the longest value and start, so that nothing is written before it is known to fit.
  if (!fits(chunk, position + timeBits + VALUE_BITS_MAX + START_BITS_MAX, 1)) return 0;
  storeVarint(chunk + XOR2_DATA + (position >>> 3), <u64>delta);
  store<u32>(chunk, position + timeBits, XOR_BITS);
  return appendValue(chunk, time, delta, value, start, 1, 0, 0);
}

/** A time whose change needs all 64 bits, which leaves no room in one word for the control bits of the value. */
function appendFarTime(
  chunk: usize,
  time: i64,
  delta: i64,
  value: u64,
  start: i64,
  count: u32,
  change: i64,
): u32 {
  const position = load<u32>(chunk, XOR_BITS);
  if (!fits(chunk, position + 69 + VALUE_BITS_MAX + START_BITS_MAX, count)) return 0;
  putBits(chunk + XOR2_DATA, position, 0b11110, 5);
  putLongBits(chunk + XOR2_DATA, position + 5, <u64>change, 64);
  store<u32>(chunk, position + 69, XOR_BITS);
  return appendValue(chunk, time, delta, value, start, count, 0, 0);
}

/** A sample that comes when it was expected: one control word for time and value. */
function appendJoint(chunk: usize, time: i64, delta: i64, value: u64, start: i64, count: u32): u32 {
  const xor = value ^ load<u64>(chunk, XOR_LAST_VALUE);
  if (xor == 0) return appendBits(chunk, time, delta, value, start, count, 0, 1, 0, 0);
  if (value == STALE) return appendBits(chunk, time, delta, value, start, count, 0b11111, 5, 0, 0);
  return appendChanged(chunk, time, delta, value, start, count, xor, 0b100, 3, 0b101, 3);
}

/** Write the `length` (up to 24) bits `before`, the value and the start behind them. */
function appendValue(
  chunk: usize,
  time: i64,
  delta: i64,
  value: u64,
  start: i64,
  count: u32,
  before: u64,
  length: u32,
): u32 {
  const xor = value ^ load<u64>(chunk, XOR_LAST_VALUE);
  if (xor == 0) return appendBits(chunk, time, delta, value, start, count, before << 1, length + 1, 0, 0);
  if (value == STALE) {
    return appendBits(chunk, time, delta, value, start, count, (before << 3) | 0b111, length + 3, 0, 0);
  }
  const old = (before << 2) | 0b10;
  const fresh = (before << 3) | 0b110;
  return appendChanged(chunk, time, delta, value, start, count, xor, old, length + 2, fresh, length + 3);
}

/** A value that differs by `xor`: behind the control bits `old` when the window of before holds it, else behind `fresh` with a new one. */
// @ts-ignore: decorator
@inline
function appendChanged(
  chunk: usize,
  time: i64,
  delta: i64,
  value: u64,
  start: i64,
  count: u32,
  xor: u64,
  old: u64,
  oldLength: u32,
  fresh: u64,
  freshLength: u32,
): u32 {
  const window = <u32>load<u16>(chunk, XOR_LEADING);
  const leading = min(<u32>clz(xor), 31);
  const trailing = <u32>ctz(xor);
  const lead = window & 0xff;
  const trail = window >>> 8;
  // XOR_NO_WINDOW is above every count of leading zeros.
  if (leading >= lead && trailing >= trail) {
    return appendBits(chunk, time, delta, value, start, count, old, oldLength, xor >>> trail, 64 - lead - trail);
  }
  const significant = 64 - leading - trailing;
  fresh = (fresh << 11) | (leading << 6) | (significant & 63);
  // A sample that is refused after all must leave the window as it was.
  store<u16>(chunk, <u16>(leading | (trailing << 8)), XOR_LEADING);
  if (appendBits(chunk, time, delta, value, start, count, fresh, freshLength + 11, xor >>> trailing, significant)) return 1;
  store<u16>(chunk, <u16>window, XOR_LEADING);
  return 0;
}

/** Write the `length` (1 to 38) bits `control`, the low `significant` (0 to 64) bits `bits`, and the start where one is due. */
function appendBits(
  chunk: usize,
  time: i64,
  delta: i64,
  value: u64,
  start: i64,
  count: u32,
  control: u64,
  length: u32,
  bits: u64,
  significant: u32,
): u32 {
  const data = chunk + XOR2_DATA;
  const position = load<u32>(chunk, XOR_BITS);
  const startAt = position + length + significant;
  const startsFrom = <u32>load<u8>(data, XOR2_START_BYTE) & XOR2_STARTS_FROM;
  let end = startAt;
  let change: i64 = 0;
  let group: u32 = 0;
  const due = startsFrom != 0 || start != load<i64>(chunk, XOR2_LAST_START) || count == XOR2_STARTS_FROM;
  if (due) {
    change = load<i64>(chunk, XOR_LAST_TIME) - start - load<i64>(chunk, XOR2_START_DISTANCE);
    group = varbitClass(change);
    end += varbitBits(group);
  }
  if (!fits(chunk, end, count)) return 0;

  if (length + significant <= 57) {
    putBits(data, position, (control << significant) | bits, length + significant);
  } else {
    putBits(data, position, control, length);
    putLongBits(data, position + length, bits, significant);
  }
  if (due) {
    putVarbit(data, startAt, change, group);
    // The number goes into the byte for good once the first start is written; a reader that sees it too early has fewer samples.
    if (startsFrom == 0) store<u8>(data, load<u8>(data, XOR2_START_BYTE) | <u8>count, XOR2_START_BYTE);
    store<i64>(chunk, load<i64>(chunk, XOR2_START_DISTANCE) + change, XOR2_START_DISTANCE);
    store<i64>(chunk, start, XOR2_LAST_START);
  }
  finish(chunk, time, delta, value, end, count + 1);
  return 1;
}

// @ts-ignore: decorator
@inline
function fits(chunk: usize, bits: u32, count: u32): bool {
  return bits <= load<u32>(chunk, XOR_CAPACITY) << 3 && count < <u32>XOR_SAMPLES_MAX;
}

// @ts-ignore: decorator
@inline
function finish(chunk: usize, time: i64, delta: i64, value: u64, bits: u32, count: u32): void {
  store<i64>(chunk, time, XOR_LAST_TIME);
  store<i64>(chunk, delta, XOR_LAST_DELTA);
  if (value != STALE) store<u64>(chunk, value, XOR_LAST_VALUE);
  store<u32>(chunk, bits, XOR_BITS);
  store<u8>(chunk, <u8>(count >>> 8), XOR2_DATA);
  store<u8>(chunk, <u8>count, XOR2_DATA + 1);
}
