// Label ranges (u32 name start, name end, value start, value end of each label, as addresses) are nearly always in order
// and plain ASCII: then nothing is to be sorted or decoded, and this says so in one pass.

/** The bytes of `__name__` as a little-endian number. */
const METRIC_NAME: u64 = 0x5f5f656d616e5f5f;
const NOT_ASCII: u64 = 0x8080808080808080;

/** 1 when the names of the `count` labels at `ranges` rise strictly in byte order, else 0. */
export function labelsRise(ranges: usize, count: u32): u32 {
  for (let i: u32 = 1; i < count; i++) if (!rises(ranges + ((i - 1) << 4), ranges + (i << 4))) return 0;
  return 1;
}

/**
 * 1 when the `count` labels at `ranges` can be stored as they are: names rise strictly and are not empty, all is ASCII, and
 * there is a metric name. 0 says nothing: look closer.
 */
export function labelsArePlain(ranges: usize, count: u32): u32 {
  let hasMetricName = false;
  for (let i: u32 = 0; i < count; i++) {
    const range = ranges + (i << 4);
    const name = <usize>load<u32>(range);
    const nameEnd = <usize>load<u32>(range, 4);
    const value = <usize>load<u32>(range, 8);
    const valueEnd = <usize>load<u32>(range, 12);
    if (name == nameEnd || !isAscii(name, nameEnd) || !isAscii(value, valueEnd)) return 0;
    if (nameEnd - name == 8 && load<u64>(name) == METRIC_NAME) hasMetricName = value < valueEnd;
    if (i > 0 && !rises(range - 16, range)) return 0;
  }
  return hasMetricName ? 1 : 0;
}

// @ts-ignore: decorator
@inline
function rises(before: usize, after: usize): bool {
  let a = <usize>load<u32>(before);
  let b = <usize>load<u32>(after);
  const aEnd = <usize>load<u32>(before, 4);
  const bEnd = <usize>load<u32>(after, 4);
  while (a < aEnd && b < bEnd) {
    const difference = <i32>load<u8>(a++) - <i32>load<u8>(b++);
    if (difference != 0) return difference < 0;
  }
  return b < bEnd;
}

// @ts-ignore: decorator
@inline
function isAscii(at: usize, end: usize): bool {
  let bits: u64 = 0;
  for (; at + 8 <= end; at += 8) bits |= load<u64>(at);
  for (; at < end; at++) bits |= <u64>load<u8>(at);
  return (bits & NOT_ASCII) == 0;
}
