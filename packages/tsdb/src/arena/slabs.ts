import {ArenaFullError, assert} from './errors.ts';
import {PAGE_BYTES, PAGE_SHIFT, WORD_PAGES, WORD_PAGES_USED} from './layout.ts';
import type {ArenaReader} from './reader.ts';

// Pages of 64 KiB are cut into slabs of one size, or handed out in runs when something is larger than half a page. A page
// whose last slab was given back is free again for any size, so churn of one size never starves another.
//
// Sizes: multiples of 16 up to 128, then four steps a doubling (160, 192, 224, 256, 320, ...): at most a fifth is lost.

const SMALL_MAX = PAGE_BYTES / 2;
/** Marks of a page's class beyond the classes of slabs. */
const FREE = 255;
const RUN = 254;

/** The class of slabs that hold `bytes` (1 to 32 KiB). */
function classOf(bytes: number): number {
  if (bytes <= 128) return (bytes + 15) >>> 4;
  const log = 31 - Math.clz32(bytes - 1);
  return 4 * log - 23 + ((bytes - 1) >>> (log - 2));
}

/** The bytes a slab of `slabClass` has. */
function bytesOf(slabClass: number): number {
  if (slabClass <= 8) return slabClass << 4;
  const step = slabClass - 9;
  return (5 + (step & 3)) << ((step >>> 2) + 5);
}

const CLASSES = classOf(SMALL_MAX) + 1;

/** The bytes that `alloc(bytes)` really takes. */
export function slabBytes(bytes: number): number {
  return bytes <= SMALL_MAX ? bytesOf(classOf(bytes)) : Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/**
 * Memory of the arena, given out and taken back by its one writer. Blocks start at multiples of 16 and are not cleared.
 * What readers may still see must not be given back here but to `Epochs.retire`.
 */
export class Slabs {
  readonly #arena: ArenaReader;
  readonly #pages: number;
  readonly #reservePages: number;
  #freePages: number;
  /** Pages from here on were never used. */
  #fresh = 1;
  /** Of each page: its class, slabs in use, slabs ever cut, first free slab + 1, and its neighbours among pages with room. */
  readonly #classes: Uint8Array;
  readonly #live: Uint16Array;
  readonly #cut: Uint16Array;
  readonly #freeSlab: Uint16Array;
  readonly #next: Uint32Array;
  readonly #previous: Uint32Array;
  /** First page with room of each class; 0 is none. */
  readonly #withRoom = new Uint32Array(CLASSES);
  readonly #slabsPerPage = new Uint16Array(CLASSES);

  /** `reserveBytes` are kept for `alloc` after `admit` has begun to refuse. */
  constructor(arena: ArenaReader, reserveBytes: number) {
    this.#arena = arena;
    this.#pages = arena.u32[WORD_PAGES];
    this.#reservePages = Math.ceil(reserveBytes / PAGE_BYTES);
    this.#freePages = this.#pages - 1;
    this.#classes = new Uint8Array(this.#pages).fill(FREE);
    this.#classes[0] = RUN;
    this.#live = new Uint16Array(this.#pages);
    this.#cut = new Uint16Array(this.#pages);
    this.#freeSlab = new Uint16Array(this.#pages);
    this.#next = new Uint32Array(this.#pages);
    this.#previous = new Uint32Array(this.#pages);
    for (let c = 1; c < CLASSES; c++) this.#slabsPerPage[c] = Math.floor(PAGE_BYTES / bytesOf(c));
    this.#publishUsed();
  }

  /** Bytes in free pages. */
  get freeBytes(): number {
    return this.#freePages * PAGE_BYTES;
  }

  /** Throws ArenaFullError when only the reserve is left: ask before making something new, like a series. */
  admit(): void {
    if (!this.hasRoom) throw new ArenaFullError(this.#arena.budgetBytes);
  }

  /** Whether `admit` would let something new in. */
  get hasRoom(): boolean {
    if (this.#freePages <= this.#reservePages) this.trim();
    return this.#freePages > this.#reservePages;
  }

  /** Make the empty pages free that sizes keep for their next slab. Done by itself when pages run out. */
  trim(): void {
    for (let slabClass = 1; slabClass < CLASSES; slabClass++) this.#freeSpare(slabClass);
  }

  /** Take `bytes`, not cleared, aligned to 16. Throws ArenaFullError when not even the reserve has them. */
  alloc(bytes: number): number {
    if (bytes > SMALL_MAX) return this.#allocRun(Math.ceil(bytes / PAGE_BYTES));
    const slabClass = classOf(bytes);
    let page = this.#withRoom[slabClass];
    if (page === 0) {
      page = this.#allocRun(1) >>> PAGE_SHIFT;
      this.#openPage(page, slabClass);
    }
    return this.#takeSlab(page, slabClass);
  }

  /** Take `bytes` set to zero. */
  allocZeroed(bytes: number): number {
    const address = this.alloc(bytes);
    this.#arena.u8.fill(0, address, address + bytes);
    return address;
  }

  /** Give back what `alloc(bytes)` gave, at once. Only for what no reader can have seen. */
  free(address: number, bytes: number): void {
    const page = address >>> PAGE_SHIFT;
    if (bytes > SMALL_MAX) this.#freeRun(page, Math.ceil(bytes / PAGE_BYTES));
    else this.#freeSlabOf(page, address, classOf(bytes));
  }

  #takeSlab(page: number, slabClass: number): number {
    const size = bytesOf(slabClass);
    const base = page * PAGE_BYTES;
    const first = this.#freeSlab[page];
    let address: number;
    if (first === 0) address = base + this.#cut[page]++ * size;
    else {
      address = base + (first - 1) * size;
      this.#freeSlab[page] = this.#arena.u32[address >>> 2];
    }
    if (++this.#live[page] === this.#slabsPerPage[slabClass]) this.#unlink(page, slabClass);
    return address;
  }

  #freeSlabOf(page: number, address: number, slabClass: number): void {
    const size = bytesOf(slabClass);
    const offset = address & (PAGE_BYTES - 1);
    assert(this.#classes[page] === slabClass && offset % size === 0, `address ${address} is no slab of ${size} bytes`);
    if (this.#live[page]-- === this.#slabsPerPage[slabClass]) {
      this.#freeSpare(slabClass);
      this.#link(page, slabClass);
    }
    if (this.#live[page] === 0 && this.#hasOtherPage(page, slabClass)) {
      this.#unlink(page, slabClass);
      this.#freeRun(page, 1);
      return;
    }
    this.#arena.u32[address >>> 2] = this.#freeSlab[page];
    this.#freeSlab[page] = offset / size + 1;
  }

  /** An empty page stays with its class while it is the only one with room: alternating takes and gives then cost nothing. */
  #hasOtherPage(page: number, slabClass: number): boolean {
    return this.#withRoom[slabClass] !== page || this.#next[page] !== 0;
  }

  /** Free the first page with room if it is empty; no other one ever is. */
  #freeSpare(slabClass: number): void {
    const page = this.#withRoom[slabClass];
    if (page === 0 || this.#live[page] > 0) return;
    this.#unlink(page, slabClass);
    this.#freeRun(page, 1);
  }

  #openPage(page: number, slabClass: number): void {
    this.#classes[page] = slabClass;
    this.#live[page] = 0;
    this.#cut[page] = 0;
    this.#freeSlab[page] = 0;
    this.#link(page, slabClass);
  }

  #link(page: number, slabClass: number): void {
    const first = this.#withRoom[slabClass];
    this.#next[page] = first;
    this.#previous[page] = 0;
    if (first !== 0) this.#previous[first] = page;
    this.#withRoom[slabClass] = page;
  }

  #unlink(page: number, slabClass: number): void {
    const next = this.#next[page];
    const previous = this.#previous[page];
    if (next !== 0) this.#previous[next] = previous;
    if (previous === 0) this.#withRoom[slabClass] = next;
    else this.#next[previous] = next;
  }

  #allocRun(pages: number): number {
    let page = this.#findRun(pages);
    if (page === 0) {
      this.trim();
      page = this.#findRun(pages);
    }
    if (page === 0) throw new ArenaFullError(this.#arena.budgetBytes);
    this.#classes.fill(RUN, page, page + pages);
    this.#freePages -= pages;
    this.#publishUsed();
    return page * PAGE_BYTES;
  }

  /** The first of `pages` neighbouring free pages: used ones before fresh ones, so that memory which was never touched stays so. */
  #findRun(pages: number): number {
    const reusable = this.#freePages - (this.#pages - this.#fresh);
    let run = 0;
    if (reusable >= pages) {
      for (let page = this.#classes.indexOf(FREE, 1); page < this.#fresh && page > 0; page++) {
        run = this.#classes[page] === FREE ? run + 1 : 0;
        if (run === pages) return page - pages + 1;
      }
    }
    if (this.#fresh + pages > this.#pages) return 0;
    this.#fresh += pages;
    return this.#fresh - pages;
  }

  #freeRun(page: number, pages: number): void {
    assert(page > 0 && page + pages <= this.#fresh, `pages ${page} to ${page + pages} were never taken`);
    assert(this.#classes[page] !== FREE, `page ${page} is free already`);
    this.#classes.fill(FREE, page, page + pages);
    this.#freePages += pages;
    this.#publishUsed();
  }

  #publishUsed(): void {
    Atomics.store(this.#arena.i32, WORD_PAGES_USED, this.#pages - this.#freePages);
  }
}
