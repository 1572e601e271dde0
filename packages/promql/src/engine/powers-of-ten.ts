const POWER_MIN = -292;
const POWER_MAX = 324;
const WORD = 0xffffffffffffffffn;

/** Bytes of the table that the kernels' `writeFloat` wants. */
export const POWERS_BYTES = (POWER_MAX - POWER_MIN + 1) * 16;

let table: BigUint64Array | undefined;

/**
 * The powers of ten from 10^-292 to 10^324, each as two words, high first: 128 bits with the highest set, rounded up. Computed on first use, then the
 * same for all queries.
 */
export function powersOfTen(): BigUint64Array {
  table ??= computePowers();
  return table;
}

function computePowers(): BigUint64Array {
  const words = new BigUint64Array(POWERS_BYTES / 8);
  for (let power = POWER_MIN; power <= POWER_MAX; power++) {
    const bits = significand(power);
    const at = (power - POWER_MIN) * 2;
    words[at] = bits >> 64n;
    words[at + 1] = bits & WORD;
  }
  return words;
}

/** 10^power scaled by a power of two into [2^127, 2^128), rounded up. */
function significand(power: number): bigint {
  const size = 10n ** BigInt(Math.abs(power));
  const bits = BigInt(size.toString(2).length);
  if (power < 0) return (1n << (127n + bits)) / size + 1n;
  if (bits <= 128n) return size << (128n - bits);
  const shift = bits - 128n;
  const cut = size >> shift;
  return cut << shift === size ? cut : cut + 1n;
}
