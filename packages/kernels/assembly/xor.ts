// Prometheus' float chunks (encoding "XOR", upstream tsdb/chunkenc/xor.go): byte for byte the same encoded data.
//
//   u16 big-endian   count of samples
//   first sample     varint time, 64 bits of value
//   second sample    uvarint time delta, value
//   each later       change of the time delta: 0 | 10 + 14 bits | 110 + 17 bits | 1110 + 20 bits | 1111 + 64 bits, value
//   value            xor with the one before: 0 (same) | 10 + the bits in the window | 11 + 5 bits leading + 6 bits length + bits
//
// A chunk that grows has the header of layout/xor-chunk.ts in front, which holds the appender's state, so that an append
// costs the same however long the chunk is. Other threads may read while one appends: the count is published last, and the
// bits of a published sample are only ever written again as they were.
import {loadBigEndian, peekBits, putBits, putLongBits, storeBigEndian, takeBits} from './bits';
import {loadVarint, storeVarint, unzigzag, varintBytes, varintEnd, zigzag} from './varint';
import {CORRUPT} from '../layout/codes';
import {
  OPEN_DATA,
  OPEN_ENCODING,
  XOR_BITS,
  XOR_CAPACITY,
  XOR_COUNT,
  XOR_DATA,
  XOR_EMPTY_BYTES,
  XOR_FIRST_TIME,
  XOR_LAST_DELTA,
  XOR_LAST_TIME,
  XOR_LAST_VALUE,
  XOR_LEADING,
  XOR_NO_WINDOW,
  XOR_SAMPLES_MAX,
  XOR_TRAILING,
} from '../layout/xor-chunk';

/** A value in a new window: 2 control bits, 5 of leading zeros, 6 of length, 64 significant. */
const XOR_VALUE_BITS_MAX: u32 = 77;
const ENCODING_XOR: u8 = 1;

/** Make an empty chunk at `chunk` with room for `capacity` bytes of encoded data; XOR_OVERHEAD bytes more must be there. */
export function xorInit(chunk: usize, capacity: u32): void {
  memory.fill(chunk, 0, XOR_DATA + XOR_EMPTY_BYTES);
  store<u32>(chunk, capacity, XOR_CAPACITY);
  store<u32>(chunk, XOR_EMPTY_BYTES << 3, XOR_BITS);
  store<u8>(chunk, XOR_NO_WINDOW, XOR_LEADING);
  store<u8>(chunk, ENCODING_XOR, OPEN_ENCODING);
  store<u8>(chunk, XOR_DATA, OPEN_DATA);
  atomic.store<u32>(chunk, 0, XOR_COUNT);
}

/** Bytes of encoded data in `chunk`, which begin at XOR_DATA. */
export function xorBytes(chunk: usize): u32 {
  return (load<u32>(chunk, XOR_BITS) + 7) >>> 3;
}

/** Copy `source` with its appender's state to `target`, which has room for `capacity` bytes of encoded data, at least as many as are there. */
export function xorCopy(source: usize, target: usize, capacity: u32): void {
  memory.copy(target, source, XOR_DATA + xorBytes(source));
  store<u32>(target, capacity, XOR_CAPACITY);
}

/** Append the sample (`t` ms, an integer; `v`) to `chunk`. Gives 1, or 0 when it does not fit: nothing is written then. */
// @ts-ignore: decorator
@inline
export function xorAppend(chunk: usize, t: f64, v: f64): u32 {
  if (!xorAppendBits(chunk, <i64>t, reinterpret<u64>(v))) return 0;
  atomic.store<u32>(chunk, load<u32>(chunk, XOR_COUNT) + 1, XOR_COUNT);
  return 1;
}

/**
 * As xorAppend, for the bits of a value, but leaves it to the caller to add one to XOR_COUNT: an atomic store a sample is a barrier a
 * sample, which whoever publishes many chunks at once need not pay.
 */
export function xorAppendBits(chunk: usize, time: i64, value: u64): u32 {
  const count = load<u32>(chunk, XOR_COUNT);
  if (count < 2) return count == 0 ? appendFirst(chunk, time, value) : appendSecond(chunk, time, value);
  const delta = time - load<i64>(chunk, XOR_LAST_TIME);
  const change = delta - load<i64>(chunk, XOR_LAST_DELTA);
  if (change == 0) return appendValue(chunk, time, delta, value, count, 0, 1);
  if (-0x1fff <= change && change <= 0x2000) {
    return appendValue(chunk, time, delta, value, count, (0b10 << 14) | (change & 0x3fff), 16);
  }
  if (-0xffff <= change && change <= 0x10000) {
    return appendValue(chunk, time, delta, value, count, (0b110 << 17) | (change & 0x1ffff), 20);
  }
  if (-0x7ffff <= change && change <= 0x80000) {
    return appendValue(chunk, time, delta, value, count, (0b1110 << 20) | (change & 0xfffff), 24);
  }
  return appendFarTime(chunk, time, delta, value, count, change);
}

/** Append `count` samples from the arrays at `times` (f64, ms) and `values` (f64) as far as they fit; gives how many did. */
export function xorAppendMany(chunk: usize, times: usize, values: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const t = load<f64>(times + (i << 3));
    if (!xorAppendBits(chunk, <i64>t, load<u64>(values + (i << 3)))) return i;
    atomic.store<u32>(chunk, load<u32>(chunk, XOR_COUNT) + 1, XOR_COUNT);
  }
  return count;
}

function appendFirst(chunk: usize, time: i64, value: u64): u32 {
  const timeBytes = varintBytes(zigzag(time));
  const bytes = <u32>XOR_EMPTY_BYTES + timeBytes + 8;
  if (bytes > load<u32>(chunk, XOR_CAPACITY)) return 0;
  const at = chunk + XOR_DATA + XOR_EMPTY_BYTES;
  storeVarint(at, zigzag(time));
  storeBigEndian(at + timeBytes, value);
  store<i64>(chunk, time, XOR_FIRST_TIME);
  finish(chunk, time, 0, value, bytes << 3, 1);
  return 1;
}

function appendSecond(chunk: usize, time: i64, value: u64): u32 {
  const delta = time - load<i64>(chunk, XOR_LAST_TIME);
  const timeBytes = varintBytes(<u64>delta);
  const position = load<u32>(chunk, XOR_BITS);
  // With the longest value, so that nothing is written before it is known to fit.
  if (!fits(chunk, position + (timeBytes << 3) + XOR_VALUE_BITS_MAX, 1)) return 0;
  storeVarint(chunk + XOR_DATA + (position >>> 3), <u64>delta);
  store<u32>(chunk, position + (timeBytes << 3), XOR_BITS);
  return appendValue(chunk, time, delta, value, 1, 0, 0);
}

/** A time whose change needs all 64 bits, which leaves no room in one word for the control bits of the value. */
function appendFarTime(chunk: usize, time: i64, delta: i64, value: u64, count: u32, change: i64): u32 {
  const position = load<u32>(chunk, XOR_BITS);
  if (!fits(chunk, position + 68 + XOR_VALUE_BITS_MAX, count)) return 0;
  putBits(chunk + XOR_DATA, position, 0b1111, 4);
  putLongBits(chunk + XOR_DATA, position + 4, <u64>change, 64);
  store<u32>(chunk, position + 68, XOR_BITS);
  return appendValue(chunk, time, delta, value, count, 0, 0);
}

/** Write the `length` (up to 24) bits `before` and the value behind them. */
function appendValue(
  chunk: usize,
  time: i64,
  delta: i64,
  value: u64,
  count: u32,
  before: u64,
  length: u32,
): u32 {
  const xor = value ^ load<u64>(chunk, XOR_LAST_VALUE);
  const position = load<u32>(chunk, XOR_BITS);
  let significant: u32 = 0;
  let trailing: u32 = 0;
  if (xor == 0) {
    before <<= 1;
    length += 1;
  } else {
    const window = <u32>load<u8>(chunk, XOR_LEADING);
    const leading = min(<u32>clz(xor), 31);
    trailing = <u32>ctz(xor);
    if (window != XOR_NO_WINDOW && leading >= window && trailing >= <u32>load<u8>(chunk, XOR_TRAILING)) {
      trailing = <u32>load<u8>(chunk, XOR_TRAILING);
      significant = 64 - window - trailing;
      before = (before << 2) | 0b10;
      length += 2;
    } else {
      significant = 64 - leading - trailing;
      before = (before << 13) | (0b11 << 11) | (leading << 6) | (significant & 63);
      length += 13;
      if (!fits(chunk, position + length + significant, count)) return 0;
      store<u8>(chunk, <u8>leading, XOR_LEADING);
      store<u8>(chunk, <u8>trailing, XOR_TRAILING);
    }
  }
  const end = position + length + significant;
  if (!fits(chunk, end, count)) return 0;
  const data = chunk + XOR_DATA;
  if (length + significant <= 57) {
    putBits(data, position, (before << significant) | (xor >>> trailing), length + significant);
  } else {
    putBits(data, position, before, length);
    putLongBits(data, position + length, xor >>> trailing, significant);
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
  store<u64>(chunk, value, XOR_LAST_VALUE);
  store<u32>(chunk, bits, XOR_BITS);
  store<u8>(chunk, <u8>(count >>> 8), XOR_DATA);
  store<u8>(chunk, <u8>count, XOR_DATA + 1);
}

const TOP_BIT: u64 = 1 << 63;

/**
 * Decode the first `count` samples of the encoded data at `data` (`bytes` long, the two of its own count included and
 * ignored), keeping those with startMs <= time <= endMs: times as f64 ms to `times`, the bits of values to `values`, which
 * have room for `count`. Gives the number kept, or CORRUPT for data that ends too early or is no chunk. Times ascend
 * in a chunk: what lies behind the first one after `endMs` is not looked at. Reads at most XOR_PADDING bytes behind the data.
 */
export function xorDecode(
  data: usize,
  bytes: u32,
  count: u32,
  startMs: f64,
  endMs: f64,
  times: usize,
  values: usize,
): u32 {
  if (count == 0) return 0;
  let at = varintEnd(data + XOR_EMPTY_BYTES, data + bytes);
  if (at == 0 || at + 8 > data + bytes) return CORRUPT;
  let time = unzigzag(loadVarint(data + XOR_EMPTY_BYTES));
  let value = loadBigEndian(at);
  if (<f64>time > endMs) return 0;
  store<f64>(times, <f64>time);
  store<u64>(values, value);
  let kept: u32 = <f64>time >= startMs ? 1 : 0;
  if (count == 1) return kept;

  const second = at + 8;
  at = varintEnd(second, data + bytes);
  if (at == 0) return CORRUPT;
  let delta = <i64>loadVarint(second);
  // The second sample has no change of its delta: decode it as if the bit before its value said so.
  let position = (<u32>(at - data) << 3) - 1;
  let clear = TOP_BIT;

  const endBits = bytes << 3;
  let trailing: u32 = 0;
  let significant: u32 = 64;
  for (let i: u32 = 1; i < count; i++) {
    // From here on at most 37 bits are taken before the last load: what it reads is within the padding, what it misses is found below.
    if (position >= endBits) return CORRUPT;
    let word = peekBits(data, position) & ~clear;
    clear = 0;
    if (<i64>word >= 0) {
      word <<= 1;
      position += 1;
    } else {
      const ones = min(<u32>clz(~word), 4);
      if (ones < 4) {
        const length = ones == 1 ? 14 : ones == 2 ? 17 : 20;
        const change = <i64>((word << (ones + 1)) >>> (64 - length));
        delta += change > 1 << (length - 1) ? change - (1 << length) : change;
        word <<= ones + 1 + length;
        position += ones + 1 + length;
      } else {
        if (position + 68 >= endBits) return CORRUPT;
        delta += <i64>takeBits(data, position + 4, 64);
        position += 68;
        word = peekBits(data, position);
      }
    }
    time += delta;

    if (<i64>word >= 0) {
      position += 1;
    } else {
      if (word & (TOP_BIT >>> 1)) {
        const leading = <u32>(word >>> 57) & 31;
        significant = <u32>(word >>> 51) & 63;
        if (significant == 0) significant = 64;
        if (leading + significant > 64) return CORRUPT;
        trailing = 64 - leading - significant;
        position += 13;
      } else {
        position += 2;
      }
      value ^= takeBits(data, position, significant) << trailing;
      position += significant;
    }

    const t = <f64>time;
    if (t > endMs) break;
    store<f64>(times + (kept << 3), t);
    store<u64>(values + (kept << 3), value);
    kept += t >= startMs ? 1 : 0;
  }
  return position > endBits ? CORRUPT : kept;
}
