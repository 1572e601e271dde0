// Series records of the log: a type byte, then of each series its reference (big-endian u64) and its labels (uvarint number, then
// name and value of each as uvarint length and bytes).
import {
  LOGGED_LABELS,
  LOGGED_NEXT,
  LOGGED_RANGES,
  LOGGED_REF_HIGH,
  LOGGED_REF_LOW,
  LOGGED_SORTED,
} from '../layout/wal-series';
import {labelsRise} from './label-order';

/**
 * Write the series of a record to `out`, without its type: `count` references (f64) at `refs`, their encoded labels one after
 * the other at `labels`, where each ends, in bytes from there, at `ends` (u32).
 */
export function walEncodeSeries(refs: usize, labels: usize, ends: usize, count: u32, out: usize): void {
  let from: u32 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const end = load<u32>(ends + (i << 2));
    store<u64>(out, bswap<u64>(<u64>load<f64>(refs + (i << 3))));
    memory.copy(out + 8, labels + from, end - from);
    out += 8 + end - from;
    from = end;
  }
}

/**
 * Read the series at `at` of a record that ends at `end` into `out` (layout/wal-series.ts), which has room for `labelsMax` labels.
 * 1 when it was read; 0 when it is cut off, claims what no series has, or has more labels.
 */
export function walDecodeSeries(at: usize, end: usize, out: usize, labelsMax: u32): u32 {
  if (end - at < 9) return 0;
  store<u32>(out, bswap<u32>(load<u32>(at)), LOGGED_REF_HIGH);
  store<u32>(out, bswap<u32>(load<u32>(at, 4)), LOGGED_REF_LOW);
  const labels = <u32>load<u8>(at, 8);
  if (labels >= 0x80 || labels > labelsMax) return 0;
  at += 9;
  const ranges = out + LOGGED_RANGES;
  for (let i: u32 = 0; i < labels << 1; i++) {
    if (at >= end) return 0;
    let length = <u32>load<u8>(at++);
    if (length >= 0x80) {
      // Longer texts than two bytes can tell are left to the caller.
      if (at >= end || load<u8>(at) >= 0x80) return 0;
      length = (length & 0x7f) | (<u32>load<u8>(at++) << 7);
    }
    if (length > <u32>(end - at)) return 0;
    store<u32>(ranges + (i << 3), <u32>at);
    at += length;
    store<u32>(ranges + (i << 3), <u32>at, 4);
  }
  store<u32>(out, labels, LOGGED_LABELS);
  store<u32>(out, labelsRise(ranges, labels), LOGGED_SORTED);
  store<u32>(out, <u32>at, LOGGED_NEXT);
  return 1;
}
