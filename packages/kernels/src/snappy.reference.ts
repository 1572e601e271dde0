// Snappy's block format, the plain way.

/** Decodes a whole block. Throws RangeError when it is corrupt. */
export function decodeSnappy(block: Uint8Array): Uint8Array {
  let at = 0;
  const next = (): number => {
    if (at === block.length) throw new RangeError('block ends too early');
    return block[at++];
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += next() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = next();
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
    if (shift === 28) throw new RangeError('length too long');
  }
  const out: number[] = [];
  const push = (byte: number): void => {
    if (out.length === length) throw new RangeError('more than the claimed length');
    out.push(byte);
  };
  while (at < block.length) {
    const tag = next();
    if ((tag & 3) === 0) {
      const size = (tag >>> 2 < 60 ? tag >>> 2 : little((tag >>> 2) - 59)) + 1;
      for (let i = 0; i < size; i++) push(next());
      continue;
    }
    const size = (tag & 3) === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const distance = (tag & 3) === 1 ? ((tag & 0xe0) << 3) + next() : little((tag & 3) === 2 ? 2 : 4);
    if (distance === 0 || distance > out.length) throw new RangeError('copy from before the beginning');
    for (let i = 0; i < size; i++) push(out[out.length - distance]);
  }
  if (out.length !== length) throw new RangeError('less than the claimed length');
  return Uint8Array.from(out);
}
