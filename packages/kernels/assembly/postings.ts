// Sets of series references: strictly rising lists of u32. Two lists meet by galloping, so that a run that cannot match costs
// the logarithm of its length; many lists are joined in a bitmap over their span, with one bit a possible reference.

/** From lists this many times (as a power of two) as long as the other, jumping is quicker than going one by one. */
const GALLOP_RATIO_BITS: u32 = 4;

/**
 * Write what is in both lists to `out`, which has room for the shorter one and may be either list itself. Gives the count.
 */
export function postingsIntersect(a: usize, countA: u32, b: usize, countB: u32, out: usize): u32 {
  if (countA > countB) return postingsIntersect(b, countB, a, countA, out);
  let endA = a + (<usize>countA << 2);
  let endB = b + (<usize>countB << 2);
  const first = out;
  if (countA < countB >>> GALLOP_RATIO_BITS) {
    for (; a < endA; a += 4) {
      const x = load<u32>(a);
      b = gallop(b, endB, x);
      if (b == endB) break;
      if (load<u32>(b) != x) continue;
      store<u32>(out, x);
      out += 4;
    }
    return <u32>((out - first) >>> 2);
  }
  if (out == b) {
    // Cells are written before it is known whether they stay, which only the first list can bear.
    b = a;
    a = out;
    const end = endB;
    endB = endA;
    endA = end;
  }
  while (a < endA && b < endB) {
    // Which comes first is as good as random, so nothing here is a jump.
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(out, x);
    out += <usize>(x == y) << 2;
    a += <usize>(x <= y) << 2;
    b += <usize>(y <= x) << 2;
  }
  return <u32>((out - first) >>> 2);
}

/** Write what is in `a` but not in `b` to `out`, which has room for `countA` and may be `a` itself. Gives the count. */
export function postingsSubtract(a: usize, countA: u32, b: usize, countB: u32, out: usize): u32 {
  const endA = a + (<usize>countA << 2);
  const endB = b + (<usize>countB << 2);
  const first = out;
  if (countA < countB >>> GALLOP_RATIO_BITS) {
    for (; a < endA; a += 4) {
      const x = load<u32>(a);
      b = gallop(b, endB, x);
      store<u32>(out, x);
      out += <usize>(b == endB || load<u32>(b) != x) << 2;
    }
    return <u32>((out - first) >>> 2);
  }
  while (a < endA && b < endB) {
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(out, x);
    out += <usize>(x < y) << 2;
    a += <usize>(x <= y) << 2;
    b += <usize>(y <= x) << 2;
  }
  memory.copy(out, a, endA - a);
  return <u32>((out + (endA - a) - first) >>> 2);
}

/** Write what is in at least one of the two lists to `out`, which has room for both and overlaps neither. Gives the count. */
export function postingsUnion(a: usize, countA: u32, b: usize, countB: u32, out: usize): u32 {
  const endA = a + (<usize>countA << 2);
  const endB = b + (<usize>countB << 2);
  const first = out;
  while (a < endA && b < endB) {
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(out, min(x, y));
    out += 4;
    a += <usize>(x <= y) << 2;
    b += <usize>(y <= x) << 2;
  }
  const rest = a < endA ? a : b;
  const bytes = a < endA ? endA - a : endB - b;
  memory.copy(out, rest, bytes);
  return <u32>((out + bytes - first) >>> 2);
}

/** Bytes of scratch that `postingsUnionMany` wants for the `count` lists at `lists`, pairs of u32: address, count. */
export function postingsSpanBytes(lists: usize, count: u32): u32 {
  const lowest = lowestWord(lists, count);
  let highest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(lists + (i << 3), 4);
    if (length > 0) highest = max(highest, load<u32>(<usize>load<u32>(lists + (i << 3)) + (<usize>(length - 1) << 2)));
  }
  return lowest == u32.MAX_VALUE ? 0 : ((highest >>> 6) - lowest + 1) << 3;
}

/**
 * Write what is in at least one of the `count` lists at `lists` (pairs of u32: address, count) to `out`, which has room for all of
 * them. `bitmap` is scratch of `postingsSpanBytes`, aligned to 8, whose content does not matter. `out` may be where the lists are.
 * Gives the count.
 */
export function postingsUnionMany(lists: usize, count: u32, bitmap: usize, out: usize): u32 {
  const bytes = postingsSpanBytes(lists, count);
  const lowest = lowestWord(lists, count);
  memory.fill(bitmap, 0, bytes);
  for (let i: u32 = 0; i < count; i++) {
    let at = <usize>load<u32>(lists + (i << 3));
    const end = at + (<usize>load<u32>(lists + (i << 3), 4) << 2);
    for (; at < end; at += 4) {
      const value = load<u32>(at);
      const word = bitmap + (<usize>((value >>> 6) - lowest) << 3);
      store<u64>(word, load<u64>(word) | (<u64>1 << (value & 63)));
    }
  }
  const first = out;
  for (let i: u32 = 0; i < bytes >>> 3; i++) {
    for (let word = load<u64>(bitmap + (<usize>i << 3)); word != 0; word &= word - 1) {
      store<u32>(out, ((lowest + i) << 6) + <u32>ctz(word));
      out += 4;
    }
  }
  return <u32>((out - first) >>> 2);
}

/** Turn the `count` big-endian u32 at `at`, as index files have them, into little-endian ones. Reads and writes up to 12 bytes more. */
export function postingsFromBigEndian(at: usize, count: u32): void {
  const end = at + (<usize>count << 2);
  for (; at < end; at += 16) {
    const words = v128.load(at);
    v128.store(at, i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  }
}

/** Number of the 64 references among which the lowest one of all lists is; the largest u32 when all are empty. */
function lowestWord(lists: usize, count: u32): u32 {
  let lowest = u32.MAX_VALUE;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(lists + (i << 3), 4) > 0) lowest = min(lowest, load<u32>(<usize>load<u32>(lists + (i << 3))) >>> 6);
  }
  return lowest;
}

/** The first address from `at` on that holds at least `target`; `end` when none does. */
function gallop(at: usize, end: usize, target: u32): usize {
  let stride: usize = 4;
  let hi = at;
  while (hi < end && load<u32>(hi) < target) {
    at = hi + 4;
    hi += stride;
    stride <<= 1;
  }
  hi = min(hi, end);
  while (at < hi) {
    const middle = at + (((hi - at) >>> 3) << 2);
    if (load<u32>(middle) < target) at = middle + 4;
    else hi = middle;
  }
  return at;
}
