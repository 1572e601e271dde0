import {assert} from './errors.ts';
import {READERS, READER_BYTES, WORD_EPOCH, WORD_READERS_MAX} from './layout.ts';
import type {ArenaReader} from './reader.ts';
import type {Slabs} from './slabs.ts';

// Readers never lock. A reader publishes the epoch in which it began; what the writer unlinks in an epoch is given back
// when every published epoch is newer. Why `enter` looks twice: between loading the global epoch and publishing it, the
// writer may have advanced and looked for readers without seeing this one. All accesses are `Atomics`, hence in one order
// for all threads: either the writer's look sees the published epoch, or the second load sees the newer global epoch.
//
// Epochs are 32-bit numbers that wrap around (0 means "outside"), so they are compared by their distance.

/** Whether epoch `a` is older than `b`. */
const isOlder = (a: number, b: number): boolean => ((a - b) | 0) < 0;

const wordOf = (reader: number): number => (READERS + reader * READER_BYTES) >>> 2;

/** A reader's right to look at what the arena's pointers lead to, from `enter` until `leave`. */
export class ReaderEpoch {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #word: number;

  /** `reader` is this thread's own line: no two living threads share one. */
  constructor(arena: ArenaReader, reader: number) {
    assert(reader >= 0 && reader < arena.u32[WORD_READERS_MAX], `reader ${reader} of ${arena.u32[WORD_READERS_MAX]}`);
    this.#words = arena.i32;
    this.#word = wordOf(reader);
  }

  /** From now on nothing that is reachable is recycled. Entering again renews the epoch: what was reached before is lost. */
  enter(): void {
    let epoch = Atomics.load(this.#words, WORD_EPOCH);
    for (;;) {
      Atomics.store(this.#words, this.#word, epoch);
      const again = Atomics.load(this.#words, WORD_EPOCH);
      if (again === epoch) return;
      epoch = again;
    }
  }

  /** Everything that was reached may be recycled at once. */
  leave(): void {
    Atomics.store(this.#words, this.#word, 0);
  }

  get isInside(): boolean {
    return Atomics.load(this.#words, this.#word) !== 0;
  }
}

const BLOCK_ENTRIES = 4096;
const ENTRY_WORDS = 3;

/** What was retired and not yet given back, oldest first: (address, bytes, epoch) in blocks, so that no growth copies it. */
class Limbo {
  #blocks: Uint32Array[] = [new Uint32Array(BLOCK_ENTRIES * ENTRY_WORDS)];
  #spare: Uint32Array | undefined;
  #head = 0;
  #tail = 0;
  length = 0;

  push(address: number, bytes: number, epoch: number): void {
    if (this.#tail === BLOCK_ENTRIES) {
      this.#blocks.push(this.#spare ?? new Uint32Array(BLOCK_ENTRIES * ENTRY_WORDS));
      this.#spare = undefined;
      this.#tail = 0;
    }
    const block = this.#blocks[this.#blocks.length - 1];
    const at = this.#tail++ * ENTRY_WORDS;
    block[at] = address;
    block[at + 1] = bytes;
    block[at + 2] = epoch;
    this.length++;
  }

  address(): number {
    return this.#blocks[0][this.#head * ENTRY_WORDS];
  }

  bytes(): number {
    return this.#blocks[0][this.#head * ENTRY_WORDS + 1];
  }

  epoch(): number {
    return this.#blocks[0][this.#head * ENTRY_WORDS + 2] | 0;
  }

  shift(): void {
    this.length--;
    if (++this.#head < BLOCK_ENTRIES) return;
    this.#head = 0;
    this.#spare = this.#blocks.shift();
    if (this.#blocks.length > 0) return;
    this.#blocks.push(this.#spare!);
    this.#spare = undefined;
    this.#tail = 0;
  }
}

/** The writer's side of the epochs: retires memory and gives it back when no reader can hold it any more. */
export class Epochs {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #slabs: Slabs;
  readonly #readersMax: number;
  readonly #limbo = new Limbo();
  #retiredBytes = 0;

  constructor(arena: ArenaReader, slabs: Slabs) {
    this.#words = arena.i32;
    this.#slabs = slabs;
    this.#readersMax = arena.u32[WORD_READERS_MAX];
  }

  /** The epoch in which things are unlinked now. */
  get current(): number {
    return Atomics.load(this.#words, WORD_EPOCH);
  }

  /** Things that wait for readers to leave. */
  get retiredCount(): number {
    return this.#limbo.length;
  }

  /** Bytes that wait for readers to leave. */
  get retiredBytes(): number {
    return this.#retiredBytes;
  }

  /** Give back `alloc(bytes)`'s block at `address` once no reader can see it. Unlink it (with `Atomics`) before. */
  retire(address: number, bytes: number): void {
    this.#limbo.push(address, bytes, this.current);
    this.#retiredBytes += bytes;
  }

  /** End the current epoch and return it: what was unlinked until now is unseen as soon as `hasPassed` says so of it. */
  advance(): number {
    const epoch = this.current;
    Atomics.store(this.#words, WORD_EPOCH, epoch === -1 ? 1 : (epoch + 1) | 0);
    return epoch;
  }

  /** Whether no reader is left that entered in `epoch` or before. */
  hasPassed(epoch: number): boolean {
    return isOlder(epoch, this.#oldest());
  }

  /** Give back at most `limit` retired blocks that no reader can see; returns how many. Call it after every commit. */
  reclaim(limit: number): number {
    if (this.#limbo.length === 0) return 0;
    this.advance();
    const oldest = this.#oldest();
    let count = 0;
    while (count < limit && this.#limbo.length > 0 && isOlder(this.#limbo.epoch(), oldest)) {
      const bytes = this.#limbo.bytes();
      this.#slabs.free(this.#limbo.address(), bytes);
      this.#retiredBytes -= bytes;
      this.#limbo.shift();
      count++;
    }
    return count;
  }

  /** For the supervisor: `reader`'s thread has ended (not: will end), so what it held is unseen. */
  clear(reader: number): void {
    Atomics.store(this.#words, wordOf(reader), 0);
  }

  /** The oldest epoch that is published, or the current one when nobody reads. */
  #oldest(): number {
    let oldest = this.current;
    for (let reader = 0; reader < this.#readersMax; reader++) {
      const epoch = Atomics.load(this.#words, wordOf(reader));
      if (epoch !== 0 && isOlder(epoch, oldest)) oldest = epoch;
    }
    return oldest;
  }
}

/** Clear the line of a dead reader from any thread (see `Epochs.clear`). */
export function clearReader(arena: ArenaReader, reader: number): void {
  Atomics.store(arena.i32, wordOf(reader), 0);
}
