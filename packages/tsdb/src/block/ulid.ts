import {randomFillSync} from 'node:crypto';

// A block is named by a ULID: 48 bits of time in ms and 80 bits of chance, as 26 digits of Crockford's base 32, so that
// names sort by the time they were made (github.com/ulid/spec).

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
/** The first digit has only three bits of the time. */
const PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;

/** Whether `text` is a ULID in upper or lower case, as upstream takes for the name of a block's folder. */
export const isUlid = (text: string): boolean => PATTERN.test(text);

/** When the ULID was made, ms since the epoch. */
export function ulidTime(ulid: string): number {
  let time = 0;
  for (let i = 0; i < TIME_DIGITS; i++) time = time * 32 + DIGITS.indexOf(ulid[i].toUpperCase());
  return time;
}

/**
 * Makes ULIDs that rise even within one ms and when the clock is set back: then the random part of the one before is
 * counted up.
 */
export class UlidSource {
  readonly #now: () => number;
  #time = -1;
  /** Five bits each, the highest first. */
  readonly #random = new Uint8Array(RANDOM_DIGITS);

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(): string {
    const time = this.#now();
    if (time > this.#time) this.#renew(time);
    else this.#increment();
    return timeDigits(this.#time) + Array.from(this.#random, (digit) => DIGITS[digit]).join('');
  }

  #renew(time: number): void {
    this.#time = time;
    randomFillSync(this.#random);
    for (let i = 0; i < RANDOM_DIGITS; i++) this.#random[i] &= 31;
  }

  #increment(): void {
    for (let i = RANDOM_DIGITS - 1; i >= 0; i--) {
      this.#random[i] = (this.#random[i] + 1) & 31;
      if (this.#random[i] !== 0) return;
    }
    this.#renew(this.#time + 1);
  }
}

function timeDigits(time: number): string {
  let rest = time;
  let digits = '';
  for (let i = 0; i < TIME_DIGITS; i++) {
    digits = DIGITS[rest % 32] + digits;
    rest = Math.floor(rest / 32);
  }
  return digits;
}
