import {Epochs} from './epochs.ts';
import {assert} from './errors.ts';
import {LAYOUT_VERSION, MAGIC, PAGE_BYTES, READERS_MAX} from './layout.ts';
import {WORD_EPOCH, WORD_HASH_SEED, WORD_MAGIC, WORD_PAGES, WORD_READERS_MAX, WORD_VERSION} from './layout.ts';
import {ArenaReader} from './reader.ts';
import {Slabs} from './slabs.ts';

const PAGES_MAX = 65536;
const PAGES_MIN = 4;
const READERS_DEFAULT = 64;
const RESERVE_SHARE = 1 / 16;

export interface ArenaOptions {
  /** Size and budget, rounded up to pages of 64 KiB, at most 4 GiB. It costs nothing before it is used. */
  readonly bytes: number;
  /** Kept back for samples of known series; a sixteenth of the whole unless told. */
  readonly reserveBytes?: number;
  /** Threads that read at once, at most 896; 64 unless told. */
  readonly readersMax?: number;
  /** Seed of the hashes; random unless a test wants the same layout again. */
  readonly hashSeed?: number;
}

/**
 * The shared memory of the head with its allocator and its epochs, as its one writer has it. Hand `memory` to other
 * threads and let them `attach`.
 */
export class Arena extends ArenaReader {
  readonly slabs: Slabs;
  readonly epochs: Epochs;

  /** Lays out `memory`, which must be new. */
  private constructor(memory: WebAssembly.Memory<SharedArrayBuffer>, pages: number, options: ArenaOptions) {
    super(memory);
    const readersMax = options.readersMax ?? READERS_DEFAULT;
    assert(readersMax > 0 && readersMax <= READERS_MAX, `readersMax ${readersMax}, want 1 to ${READERS_MAX}`);
    this.u32[WORD_VERSION] = LAYOUT_VERSION;
    this.u32[WORD_PAGES] = pages;
    this.u32[WORD_READERS_MAX] = readersMax;
    this.u32[WORD_HASH_SEED] = options.hashSeed ?? Math.floor(Math.random() * 0x1_0000_0000);
    this.u32[WORD_EPOCH] = 1;
    this.slabs = new Slabs(this, options.reserveBytes ?? pages * PAGE_BYTES * RESERVE_SHARE);
    this.epochs = new Epochs(this, this.slabs);
    Atomics.store(this.i32, WORD_MAGIC, MAGIC);
  }

  /** A new arena. Throws RangeError when the system refuses the address space. */
  static create(options: ArenaOptions): Arena {
    const pages = Math.min(PAGES_MAX, Math.max(PAGES_MIN, Math.ceil(options.bytes / PAGE_BYTES)));
    const memory = new WebAssembly.Memory({initial: pages, maximum: pages, shared: true});
    return new Arena(memory as unknown as WebAssembly.Memory<SharedArrayBuffer>, pages, options);
  }
}
