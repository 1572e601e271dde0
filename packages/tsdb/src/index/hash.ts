// 32-bit hashes for the tables of the index. MurmurHash3 (x86, 32 bits) by Austin Appleby, public domain; it is seeded per
// arena, so that nobody can prepare label values that collide. Results are signed, which V8 keeps without a box.

/** The last steps of MurmurHash3: every bit of `hash` comes to bear on all bits of the result. */
function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function mix(hash: number, block: number): number {
  const h = hash ^ scramble(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Hash of `bytes[start..end)`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let h = seed | 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    h = mix(h, bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
  }
  let tail = 0;
  for (let shift = 0; i < end; i++, shift += 8) tail |= bytes[i] << shift;
  return finish(h ^ scramble(tail) ^ (end - start));
}

/** Hash of two numbers. */
export function hashPair(a: number, b: number, seed: number): number {
  return finish(mix(mix(seed | 0, a), b) ^ 8);
}

/** Hash of `words[start..end)`. */
export function hashWords(words: Uint32Array, start: number, end: number, seed: number): number {
  let h = seed | 0;
  for (let i = start; i < end; i++) h = mix(h, words[i]);
  return finish(h ^ ((end - start) << 2));
}
