/**
 * Sort `count` slots by their references, both in place, without allocating: `slots` and `refs` have room for as many again
 * behind, which is overwritten. References rise in almost all lists, which costs one look.
 */
export function sortByRef(slots: Uint32Array, refs: Float64Array, count: number): void {
  let sorted = 1;
  while (sorted < count && refs[sorted - 1] <= refs[sorted]) sorted++;
  if (sorted >= count) return;
  let from = 0;
  for (let width = 1; width < count; width *= 2) {
    const to = count - from;
    for (let lo = 0; lo < count; lo += 2 * width) {
      merge(
        slots,
        refs,
        from + lo,
        from + Math.min(lo + width, count),
        from + Math.min(lo + 2 * width, count),
        to + lo,
      );
    }
    from = to;
  }
  if (from === 0) return;
  slots.copyWithin(0, count, 2 * count);
  refs.copyWithin(0, count, 2 * count);
}

/** Merge the sorted runs [lo, middle) and [middle, hi) to what begins at `target`. */
function merge(slots: Uint32Array, refs: Float64Array, lo: number, middle: number, hi: number, target: number): void {
  let a = lo;
  let b = middle;
  for (let at = target; at < target + hi - lo; at++) {
    const from = b >= hi || (a < middle && refs[a] <= refs[b]) ? a++ : b++;
    slots[at] = slots[from];
    refs[at] = refs[from];
  }
}
