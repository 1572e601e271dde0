// PromQL ends a series with one exact NaN, bits 0x7ff0_0000_0000_0002 (model/value/value.go upstream).
// Compare its bits, never the number: V8 keeps them through typed arrays but sets the quiet bit when
// the value passes through an array of numbers or any arithmetic.

/** Bits of the float that ends a series. */
export const STALE_NAN_BITS = 0x7ff0000000000002n;

/** Bits of the NaN that scrapes and remote writes store for an ordinary NaN. */
export const NORMAL_NAN_BITS = 0x7ff8000000000001n;

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

/** Whether value `i` is the stale marker. `words` views the same little-endian bytes as the values: two words a value. */
export function isStaleAt(words: Uint32Array, i: number): boolean {
  return words[2 * i] === STALE_LOW && words[2 * i + 1] === STALE_HIGH;
}

/** Makes value `i` the stale marker; `words` as for `isStaleAt`. */
export function writeStale(words: Uint32Array, i: number): void {
  words[2 * i] = STALE_LOW;
  words[2 * i + 1] = STALE_HIGH;
}
