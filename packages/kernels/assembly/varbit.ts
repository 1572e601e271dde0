// Signed integers of 1 to 72 bits (upstream tsdb/chunkenc/varbit.go): as many ones as the class has, a zero, and the number:
// 0 | 10 + 3 bits | 110 + 6 | 1110 + 9 | 11110 + 12 | 111110 + 18 | 1111110 + 25 | 11111110 + 56 | 11111111 + 64.
// A class of n bits goes from -(2^(n-1) - 1) to 2^(n-1).
import {putBits, putLongBits} from './bits';

/** Bits of the number in classes 0 to 7, a byte each; class 8 has 64. */
const SIZES: u64 = 0x3819120c09060300;

/** Bits of the number behind `ones` (0 to 7) ones and a zero. */
// @ts-ignore: decorator
@inline
export function varbitSize(ones: u32): u32 {
  return <u32>(SIZES >>> (ones << 3)) & 0xff;
}

/** The number whose `size` (3 to 56) bits are `bits`. */
// @ts-ignore: decorator
@inline
export function varbitSigned(bits: i64, size: u32): i64 {
  return bits > (<i64>1) << (size - 1) ? bits - ((<i64>1) << size) : bits;
}

/** The class of `value`, 0 to 8. */
export function varbitClass(value: i64): u32 {
  if (value == 0) return 0;
  const size = 65 - <u32>clz(value > 0 ? value - 1 : -value);
  if (size <= 12) return size <= 3 ? 1 : (size + 2) / 3;
  return size <= 18 ? 5 : size <= 25 ? 6 : size <= 56 ? 7 : 8;
}

/** Bits that a value of `group`, its class, takes with its prefix. */
// @ts-ignore: decorator
@inline
export function varbitBits(group: u32): u32 {
  return group == 8 ? 72 : group + 1 + varbitSize(group);
}

/** Write `value` of class `group` at `position`; writes up to 8 bytes behind its first and last. */
export function putVarbit(data: usize, position: u32, value: i64, group: u32): void {
  if (group < 7) {
    const size = varbitSize(group);
    const prefix = (((<u64>1) << group) - 1) << 1;
    putBits(data, position, (prefix << size) | (<u64>value & (((<u64>1) << size) - 1)), group + 1 + size);
    return;
  }
  putBits(data, position, group == 7 ? 0xfe : 0xff, 8);
  if (group == 7) putBits(data, position + 8, <u64>value & 0xffffffffffffff, 56);
  else putLongBits(data, position + 8, <u64>value, 64);
}
