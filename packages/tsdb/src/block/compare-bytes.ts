/** Order of `a[from, end)` and `b[fromB, endB)`: below, equal to or above 0. */
export function compareBytes(
  a: Uint8Array,
  from: number,
  end: number,
  b: Uint8Array,
  fromB: number,
  endB: number,
): number {
  const shared = Math.min(end - from, endB - fromB);
  for (let i = 0; i < shared; i++) {
    const difference = a[from + i] - b[fromB + i];
    if (difference !== 0) return difference;
  }
  return end - from - (endB - fromB);
}
