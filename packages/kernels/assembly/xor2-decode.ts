// The reading side of XOR2 chunks: see xor2.ts for the format.
import {loadBigEndian, peekBits, takeBits} from './bits';
import {varbitSigned, varbitSize} from './varbit';
import {loadVarint, unzigzag, varintEnd} from './varint';
import {CORRUPT} from '../layout/codes';
import {XOR2_EMPTY_BYTES, XOR2_FIRST_START, XOR2_START_BYTE, XOR2_STARTS_FROM} from '../layout/xor2-chunk';

const STALE: u64 = 0x7ff0000000000002;
const TOP_BIT: u64 = 1 << 63;

/**
 * Decode the first `count` samples of the encoded data at `data` (`bytes` long, the two of its own count included and
 * ignored), keeping those with startMs <= time <= endMs: times as f64 ms to `times`, the bits of values to `values`, starts
 * as f64 ms (0 when unknown) to `starts` unless that is 0; all have room for `count`. Behind the kept ones `starts` stays as it
 * was, `times` and `values` need not. Gives the number kept, or CORRUPT for
 * data that ends too early or is no chunk. Times ascend in a chunk: what lies behind the first one after `endMs` is not
 * looked at. Reads at most XOR_PADDING bytes behind the data.
 */
export function xor2Decode(
  data: usize,
  bytes: u32,
  count: u32,
  startMs: f64,
  endMs: f64,
  times: usize,
  values: usize,
  starts: usize,
): u32 {
  if (count == 0) return 0;
  let at = varintEnd(data + XOR2_EMPTY_BYTES, data + bytes);
  if (at == 0 || at + 8 > data + bytes) return CORRUPT;
  let time = unzigzag(loadVarint(data + XOR2_EMPTY_BYTES));
  /** The newest value that is no stale marker. */
  let value = loadBigEndian(at);
  at += 8;
  let start: i64 = 0;
  const startByte = <u32>load<u8>(data, XOR2_START_BYTE);
  if (startByte & XOR2_FIRST_START) {
    const first = at;
    at = varintEnd(first, data + bytes);
    if (at == 0) return CORRUPT;
    start = time - unzigzag(loadVarint(first));
  }
  if (<f64>time > endMs) return 0;
  store<f64>(times, <f64>time);
  store<u64>(values, value);
  let kept: u32 = <f64>time >= startMs ? 1 : 0;
  if (starts != 0 && kept != 0) store<f64>(starts, <f64>start);
  if (value == STALE) value = 0;
  if (count == 1) return kept;

  const second = at;
  at = varintEnd(second, data + bytes);
  if (at == 0) return CORRUPT;
  let delta = <i64>loadVarint(second);
  // The second sample has no change of its delta: decode it as if the 16 bits before its value said so.
  let position = (<u32>(at - data) << 3) - 16;
  let clear = ~(~(<u64>0) >>> 16);
  let control: u64 = 0b110 << 61;

  const endBits = bytes << 3;
  const startsFrom = startByte & XOR2_STARTS_FROM ? startByte & XOR2_STARTS_FROM : <u32>-1;
  let distance: i64 = 0;
  let trailing: u32 = 0;
  let significant: u32 = 64;
  for (let i: u32 = 1; i < count; i++) {
    // From here on at most 38 bits are taken before the last load: what it reads is within the padding, what it misses is found below.
    if (position >= endBits) return CORRUPT;
    let word = (peekBits(data, position) & ~clear) | control;
    clear = 0;
    control = 0;
    let stale = false;
    /** How the value follows: 0 as before, 1 in the old window, 2 in a new one. */
    let kind: u32 = 0;
    if (<i64>word >= 0) {
      position += 1;
    } else if (<i64>(word << 1) >= 0) {
      kind = word & (TOP_BIT >>> 2) ? 2 : 1;
      word <<= 3;
      position += 3;
    } else {
      const ones = min(<u32>clz(~word), 5);
      if (ones == 5) {
        stale = true;
        position += 5;
      } else {
        if (ones == 2) {
          delta += <i64>(word << 3) >> 51;
          word <<= 16;
          position += 16;
        } else if (ones == 3) {
          delta += <i64>(word << 4) >> 44;
          word <<= 24;
          position += 24;
        } else if (ones == 4) {
          if (position + 69 >= endBits) return CORRUPT;
          delta += <i64>takeBits(data, position + 5, 64);
          position += 69;
          word = peekBits(data, position);
        }
        kind = min(<u32>clz(~word), 3);
        stale = kind == 3;
        if (stale) kind = 0;
        word <<= kind + 1;
        position += kind + (stale ? 3 : 1);
      }
    }
    const before = time;
    time += delta;
    if (kind != 0) {
      if (kind == 2) {
        const leading = <u32>(word >>> 59);
        significant = <u32>(word >>> 53) & 63;
        if (significant == 0) significant = 64;
        if (leading + significant > 64) return CORRUPT;
        trailing = 64 - leading - significant;
        position += 11;
      }
      value ^= takeBits(data, position, significant) << trailing;
      position += significant;
    }

    const t = <f64>time;
    if (t > endMs) break;
    if (i >= startsFrom) {
      if (position >= endBits) return CORRUPT;
      word = peekBits(data, position);
      if (<i64>word >= 0) {
        position += 1;
      } else {
        const ones = <u32>clz(~word);
        if (ones < 7) {
          const size = varbitSize(ones);
          distance += varbitSigned((word << (ones + 1)) >>> (64 - size), size);
          position += ones + 1 + size;
        } else if (ones == 7) {
          distance += varbitSigned(takeBits(data, position + 8, 56), 56);
          position += 64;
        } else {
          distance += takeBits(data, position + 8, 64);
          position += 72;
        }
      }
      start = before - distance;
    }
    const to = kept << 3;
    store<f64>(times + to, t);
    store<u64>(values + to, stale ? STALE : value);
    if (t < startMs) continue;
    if (starts != 0) store<f64>(starts + to, <f64>start);
    kept++;
  }
  return position > endBits ? CORRUPT : kept;
}
