// A hash of bytes under a secret key, after NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999): words of the text and of
// the key are added, halves multiplied, products summed. Whoever does not know the key cannot choose two texts of up to
// KEY_BYTES - 8 bytes that are equal here with a chance above 2^-32, which no fixed function such as xxHash promises.

import {KEY_BYTES} from '../layout/remote-write';

// @ts-ignore: decorator
@inline
function product(word: u64, key: u64): u64 {
  return <u64>(<u32>word + <u32>key) * <u64>(<u32>(word >>> 32) + <u32>(key >>> 32));
}

/** The sum of the `length` bytes at `at` under the KEY_BYTES of key at `key`. Up to 7 bytes more may be read. */
// @ts-ignore: decorator
@inline
export function keyedSum(at: usize, length: u32, key: usize): u64 {
  const keyEnd = key + KEY_BYTES;
  let sum = product(<u64>length, load<u64>(key));
  let word = key + 8;
  let left = length;
  for (; left >= 8; left -= 8, at += 8, word += 8) {
    if (word == keyEnd) {
      // Longer texts use the key again, on a sum that depends on all that came before.
      sum = rotl(sum, 29) * (load<u64>(key) | 1);
      word = key + 8;
    }
    sum += product(load<u64>(at), load<u64>(word));
  }
  if (left == 0) return sum;
  if (word == keyEnd) {
    sum = rotl(sum, 29) * (load<u64>(key) | 1);
    word = key + 8;
  }
  return sum + product(load<u64>(at) & (((<u64>1) << (left << 3)) - 1), load<u64>(word));
}
