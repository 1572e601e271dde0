import {FLOAT_POWERS_BYTES, FLOAT_POWER_MAX, FLOAT_POWER_MIN} from '../layout/float-powers.ts';
import type {KernelMemory} from './kernel-memory.ts';

/** The 128 most significant bits of 5^exponent: cut off for positive exponents, rounded up for negative ones (D. Lemire, "Number parsing at a gigabyte per second"). */
function significand(exponent: number): bigint {
  const power = 5n ** BigInt(Math.abs(exponent));
  const bits = BigInt(power.toString(2).length);
  if (exponent >= 0) return bits > 128n ? power >> (bits - 128n) : power << (128n - bits);
  return (1n << (bits + 127n)) / power + 1n;
}

let table: BigUint64Array | undefined;

function powers(): BigUint64Array {
  if (table === undefined) {
    table = new BigUint64Array(FLOAT_POWERS_BYTES / 8);
    for (let exponent = FLOAT_POWER_MIN; exponent <= FLOAT_POWER_MAX; exponent++) {
      const bits = significand(exponent);
      const at = 2 * (exponent - FLOAT_POWER_MIN);
      table[at] = bits >> 64n;
      table[at + 1] = BigInt.asUintN(64, bits);
    }
  }
  return table;
}

/** Puts the table that the kernels want that parse numbers into `memory`, for good; gives its address. */
export function putFloatPowers(memory: KernelMemory): number {
  const at = memory.alloc(FLOAT_POWERS_BYTES);
  memory.u64.set(powers(), at / 8);
  return at;
}
