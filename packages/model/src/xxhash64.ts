// XXH64 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md) on pairs of 32-bit halves, since 64-bit
// integers in JavaScript are BigInts, some twenty times slower. A 64-bit word is two cells of an Int32Array,
// low half first; parameters named *Lo and *Hi come in that order.

const P1_LO = 0x85ebca87 | 0;
const P1_HI = 0x9e3779b1 | 0;
const P2_LO = 0x27d4eb4f | 0;
const P2_HI = 0xc2b2ae3d | 0;
const P3_LO = 0x9e3779f9 | 0;
const P3_HI = 0x165667b1 | 0;
const P4_LO = 0xc2b2ae63 | 0;
const P4_HI = 0x85ebca77 | 0;
const P5_LO = 0x165667c5 | 0;
const P5_HI = 0x27d4eb2f | 0;

/** Lanes 0..3 take the stripes; the hash itself is built in lane 4. */
const HASH = 8;
const STRIPE_BYTES = 32;
const BYTES_KEPT = 1 << 20;

/** Seedless XXH64, as upstream hashes labels. One instance with its buffer is reused for many inputs. */
export class XxHash64 {
  /** Where the caller puts what is to be hashed; replaced by `reserve`. */
  bytes: Uint8Array = new Uint8Array(1024);
  /** The same bytes; every word the hash takes is aligned, and the machine little-endian. */
  private words = new Int32Array(this.bytes.buffer);
  private readonly lanes = new Int32Array(10);

  /** Lower half of the last hash, unsigned. */
  get low(): number {
    return this.lanes[HASH] >>> 0;
  }

  /** Upper half of the last hash, unsigned. */
  get high(): number {
    return this.lanes[HASH + 1] >>> 0;
  }

  /** Makes room for `length` bytes; what was in `bytes` is gone. */
  reserve(length: number): void {
    const isEnough = this.bytes.length >= length;
    // A buffer that one giant needed is not kept.
    if (isEnough && (this.bytes.length <= BYTES_KEPT || length > BYTES_KEPT)) return;
    this.bytes = new Uint8Array(Math.max(1024, 4 * Math.ceil(length / 2)));
    this.words = new Int32Array(this.bytes.buffer);
  }

  /** Hashes `bytes[0..length)`; the result stays in `low` and `high` until the next call. */
  hash(length: number): void {
    const {lanes, bytes, words} = this;
    let at = this.start(length);
    add(lanes, HASH, length | 0, 0);
    for (; at + 8 <= length; at += 8) this.mixWord(words[at >>> 2], words[(at >>> 2) + 1]);
    if (at + 4 <= length) {
      this.mixHalfWord(words[at >>> 2]);
      at += 4;
    }
    for (; at < length; at++) this.mixByte(bytes[at]);
    this.avalanche();
  }

  /** Consumes whole stripes and returns how many bytes they took. */
  private start(length: number): number {
    const {lanes, words} = this;
    if (length < STRIPE_BYTES) {
      set(lanes, HASH, P5_LO, P5_HI);
      return 0;
    }
    set(lanes, 0, P1_LO, P1_HI);
    add(lanes, 0, P2_LO, P2_HI);
    set(lanes, 2, P2_LO, P2_HI);
    set(lanes, 4, 0, 0);
    set(lanes, 6, -P1_LO | 0, ~P1_HI);
    let at = 0;
    for (; at + STRIPE_BYTES <= length; at += STRIPE_BYTES) {
      for (let lane = 0; lane < 8; lane += 2) {
        const word = (at >>> 2) + lane;
        round(lanes, lane, words[word], words[word + 1]);
      }
    }
    this.merge();
    return at;
  }

  /** Folds the four lanes into the hash. */
  private merge(): void {
    const {lanes} = this;
    set(lanes, HASH, 0, 0);
    addRotated(lanes, 0, 1);
    addRotated(lanes, 2, 7);
    addRotated(lanes, 4, 12);
    addRotated(lanes, 6, 18);
    for (let lane = 0; lane < 8; lane += 2) {
      const lo = lanes[lane];
      const hi = lanes[lane + 1];
      set(lanes, lane, 0, 0);
      round(lanes, lane, lo, hi);
      xor(lanes, HASH, lanes[lane], lanes[lane + 1]);
      multiply(lanes, HASH, P1_LO, P1_HI);
      add(lanes, HASH, P4_LO, P4_HI);
    }
  }

  private mixWord(lo: number, hi: number): void {
    const {lanes} = this;
    set(lanes, 0, 0, 0);
    round(lanes, 0, lo, hi);
    xor(lanes, HASH, lanes[0], lanes[1]);
    rotateLeft(lanes, HASH, 27);
    multiply(lanes, HASH, P1_LO, P1_HI);
    add(lanes, HASH, P4_LO, P4_HI);
  }

  private mixHalfWord(lo: number): void {
    const {lanes} = this;
    set(lanes, 0, lo, 0);
    multiply(lanes, 0, P1_LO, P1_HI);
    xor(lanes, HASH, lanes[0], lanes[1]);
    rotateLeft(lanes, HASH, 23);
    multiply(lanes, HASH, P2_LO, P2_HI);
    add(lanes, HASH, P3_LO, P3_HI);
  }

  private mixByte(byte: number): void {
    const {lanes} = this;
    set(lanes, 0, byte, 0);
    multiply(lanes, 0, P5_LO, P5_HI);
    xor(lanes, HASH, lanes[0], lanes[1]);
    rotateLeft(lanes, HASH, 11);
    multiply(lanes, HASH, P1_LO, P1_HI);
  }

  private avalanche(): void {
    const {lanes} = this;
    xor(lanes, HASH, lanes[HASH + 1] >>> 1, 0);
    multiply(lanes, HASH, P2_LO, P2_HI);
    const lo = lanes[HASH];
    const hi = lanes[HASH + 1];
    xor(lanes, HASH, (lo >>> 29) | (hi << 3), hi >>> 29);
    multiply(lanes, HASH, P3_LO, P3_HI);
    xor(lanes, HASH, lanes[HASH + 1], 0);
  }
}

function set(words: Int32Array, i: number, lo: number, hi: number): void {
  words[i] = lo;
  words[i + 1] = hi;
}

function xor(words: Int32Array, i: number, lo: number, hi: number): void {
  words[i] ^= lo;
  words[i + 1] ^= hi;
}

function add(words: Int32Array, i: number, lo: number, hi: number): void {
  const sum = (words[i] + lo) | 0;
  const carry = sum >>> 0 < lo >>> 0 ? 1 : 0;
  words[i] = sum;
  words[i + 1] = (words[i + 1] + hi + carry) | 0;
}

function addRotated(words: Int32Array, lane: number, bits: number): void {
  const lo = words[lane];
  const hi = words[lane + 1];
  add(words, HASH, (lo << bits) | (hi >>> (32 - bits)), (hi << bits) | (lo >>> (32 - bits)));
}

/** Rotates by 1..31 bits. */
function rotateLeft(words: Int32Array, i: number, bits: number): void {
  const lo = words[i];
  const hi = words[i + 1];
  words[i] = (lo << bits) | (hi >>> (32 - bits));
  words[i + 1] = (hi << bits) | (lo >>> (32 - bits));
}

function multiply(words: Int32Array, i: number, lo: number, hi: number): void {
  const a = words[i];
  words[i + 1] = (mulHigh(a, lo) + Math.imul(a, hi) + Math.imul(words[i + 1], lo)) | 0;
  words[i] = Math.imul(a, lo);
}

function round(words: Int32Array, lane: number, lo: number, hi: number): void {
  const productHi = (mulHigh(lo, P2_LO) + Math.imul(lo, P2_HI) + Math.imul(hi, P2_LO)) | 0;
  add(words, lane, Math.imul(lo, P2_LO), productHi);
  rotateLeft(words, lane, 31);
  multiply(words, lane, P1_LO, P1_HI);
}

/** Upper half of the 64-bit product of two 32-bit integers taken as unsigned. */
function mulHigh(a: number, b: number): number {
  const aLo = a & 0xffff;
  const aHi = a >>> 16;
  const bLo = b & 0xffff;
  const bHi = b >>> 16;
  const cross = (Math.imul(aHi, bLo) >>> 0) + (Math.imul(aLo, bLo) >>> 16);
  const middle = (Math.imul(aLo, bHi) >>> 0) + (cross & 0xffff);
  return (Math.imul(aHi, bHi) + (cross >>> 16) + (middle >>> 16)) | 0;
}
