const encoder = new TextEncoder();

/**
 * Order of two strings by their UTF-8 bytes, which is the order of their code points; negative, 0 or positive.
 * JavaScript's `<` compares UTF-16 units and differs where one side has a surrogate and the other U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x < 0xd800 || y < 0xd800 ? x - y : codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Lifts surrogates (the start of U+10000 and above) over the rest of the basic plane. */
function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Whether `text` has a UTF-8 form: no half of a surrogate pair stands alone. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** Number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * Writes `text` as UTF-8 to `target` from `offset` on and returns the offset after it. The caller makes room
 * for three bytes a UTF-16 unit.
 */
export function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return offset + i + encoder.encodeInto(text.slice(i), target.subarray(offset + i)).written;
    target[offset + i] = unit;
  }
  return offset + length;
}
