/** What `next` and `peek` give at the end of the text. */
export const END_OF_TEXT = -1;
/**
 * What they give for half of a surrogate pair, which is how bytes that are not UTF-8 arrive here; also for U+FFFD
 * itself.
 */
export const BAD_RUNE = 0xfffd;

/** Reads a text code point by code point and remembers where the present token began. Positions are UTF-16 units. */
export class Cursor {
  readonly text: string;
  /** Where the present token began. */
  start = 0;
  /** Where the next code point is read. */
  pos = 0;
  #width = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): number {
    if (this.pos >= this.text.length) {
      this.#width = 0;
      return END_OF_TEXT;
    }
    const unit = this.text.charCodeAt(this.pos);
    this.#width = 1;
    if (unit >= 0xd800 && unit < 0xe000) return this.#surrogate();
    this.pos++;
    return unit;
  }

  #surrogate(): number {
    const rune = this.text.codePointAt(this.pos)!;
    if (rune > 0xffff) this.#width = 2;
    this.pos += this.#width;
    return rune > 0xffff ? rune : BAD_RUNE;
  }

  /** Undoes the last `next`; only once. */
  backup(): void {
    this.pos -= this.#width;
  }

  peek(): number {
    const rune = this.next();
    this.backup();
    return rune;
  }

  /** Takes the next code point if it is one of the ASCII characters `valid`. */
  accept(valid: string): boolean {
    if (isOneOf(this.next(), valid)) return true;
    this.backup();
    return false;
  }

  acceptRun(valid: string): void {
    while (isOneOf(this.next(), valid));
    this.backup();
  }

  /** The text of the token so far. */
  taken(): string {
    return this.text.slice(this.start, this.pos);
  }
}

function isOneOf(rune: number, valid: string): boolean {
  return rune >= 0 && rune < 0x80 && valid.includes(String.fromCharCode(rune));
}

export function isSpace(rune: number): boolean {
  return rune === 0x20 || rune === 0x09 || rune === 0x0a || rune === 0x0d;
}

export function isDigit(rune: number): boolean {
  return rune >= 0x30 && rune <= 0x39;
}

/** An ASCII letter or an underscore. */
export function isAlpha(rune: number): boolean {
  const lower = rune | 0x20;
  return (lower >= 0x61 && lower <= 0x7a && rune > 0) || rune === 0x5f;
}

export function isAlphaNumeric(rune: number): boolean {
  return isAlpha(rune) || isDigit(rune);
}
