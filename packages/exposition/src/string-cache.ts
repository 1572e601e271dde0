const SLOTS = 4096;
const LENGTH_MAX = 96;

/**
 * Strings of byte ranges. The same few thousand names and values come again and again, so short ASCII ones are kept
 * in a table of fixed size, found by their bytes; a collision only costs a new string.
 */
export class StringCache {
  private readonly slots: string[] = new Array<string>(SLOTS).fill('');

  /** The text of bytes[start, end) as UTF-8; the caller has checked that it is. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > LENGTH_MAX) return bytes.toString('utf8', start, end);
    let hash = length;
    let high = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      high |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (high >= 0x80) return bytes.toString('utf8', start, end);
    const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
    const known = this.slots[slot];
    if (known.length === length && sameBytes(known, bytes, start)) return known;
    return (this.slots[slot] = bytes.toString('latin1', start, end));
  }
}

function sameBytes(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
