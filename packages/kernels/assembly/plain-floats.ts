// Values whose bits stand for histograms: high word 0x7ff00001, a NaN that no calculation gives but that a file may hold.

const HISTOGRAM_HIGH: u32 = 0x7ff00001;
const NORMAL_NAN: u64 = 0x7ff8000000000001;

/** Make plain NaNs of those of the `count` floats at `values` that look like histograms; gives how many. */
export function plainFloats(values: usize, count: u32): u32 {
  const wanted = i64x2.splat(<i64>HISTOGRAM_HIGH << 32);
  const high = i64x2.splat(0xffffffff00000000);
  const end = values + (<usize>count << 3);
  let found: u32 = 0;
  let at = values;
  for (; at + 32 <= end; at += 32) {
    const first = v128.and(i32x4.eq(v128.load(at), wanted), high);
    const second = v128.and(i32x4.eq(v128.load(at, 16), wanted), high);
    if (v128.any_true(v128.or(first, second))) found += plainOnes(at, at + 32);
  }
  return found + plainOnes(at, end);
}

function plainOnes(at: usize, end: usize): u32 {
  let found: u32 = 0;
  for (; at < end; at += 8) {
    if (load<u32>(at, 4) != HISTOGRAM_HIGH) continue;
    store<u64>(at, NORMAL_NAN);
    found++;
  }
  return found;
}
