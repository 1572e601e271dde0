import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {VectorView} from '../arena/vector.ts';
import type {IndexReader} from './index-reader.ts';
import type {PostingsReader} from './postings.ts';

// Sets of slots: the candidates, rising u32 in the thread's own memory, against postings in the arena. Single lists meet
// by galloping; several at once go through a bitmap over all slots, which costs one bit a slot and no comparisons.

/** Below one value to so many slots, sorting is cheaper than a bitmap. */
const SLOTS_PER_SORTED_VALUE = 128;

/** Index of the first element ≥ `target` in sorted `list[from..end)`; `end` when none is. */
function gallop(list: Uint32Array, from: number, end: number, target: number): number {
  let lo = from;
  let hi = from;
  for (let stride = 1; hi < end && list[hi] < target; stride *= 2) {
    lo = hi + 1;
    hi += stride;
  }
  if (hi > end) hi = end;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (list[middle] < target) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** Vectors of slots and how many of each count, in a thread's own memory. No slot is in two of them. */
export class PostingsLists {
  readonly #memory: KernelMemory;
  readonly #address: number;
  length = 0;
  /** Series in all lists. */
  series = 0;

  /** Room for `capacity` lists, last in `memory`; call `fit` when all are added. */
  constructor(memory: KernelMemory, capacity: number) {
    this.#memory = memory;
    this.#address = memory.alloc(capacity * 8);
  }

  /** Add the first `series` slots of the vector at `slots`. */
  add(slots: number, series: number): void {
    const at = (this.#address >>> 2) + 2 * this.length++;
    this.#memory.u32[at] = slots;
    this.#memory.u32[at + 1] = series;
    this.series += series;
  }

  /** Give back the room that was not needed. */
  fit(): this {
    this.#memory.resizeLast(this.#address, this.length * 8);
    return this;
  }

  /** The vector of list `i`. */
  slots(i: number): number {
    return this.#memory.u32[(this.#address >>> 2) + 2 * i];
  }

  /** Series in list `i`, and never more. */
  count(i: number): number {
    return this.#memory.u32[(this.#address >>> 2) + 2 * i + 1];
  }
}

/** Rising slots in `memory.u32` from byte `address` on, of which set operations only ever take some away. */
export class SlotList {
  readonly #memory: KernelMemory;
  readonly #arena: ArenaReader;
  readonly #postings: PostingsReader;
  readonly #view: VectorView;
  /** Slots from here on are not looked at: their series are still being entered. */
  readonly #horizon: number;
  address: number;
  count = 0;

  /** An empty list with room for `capacity` slots in `memory`, where it stays until the caller releases it. */
  constructor(index: IndexReader, memory: KernelMemory, horizon: number, capacity: number) {
    this.#arena = index.arena;
    this.#postings = index.postings;
    this.#memory = memory;
    this.#view = new VectorView(index.arena);
    this.#horizon = horizon;
    this.address = memory.alloc(Math.min(capacity, horizon) * 4);
  }

  /** Move the list to `mark`, the only thing in memory from there on. */
  settle(mark: number): this {
    const from = this.address >>> 2;
    this.#memory.release(mark);
    this.address = this.#memory.alloc(this.count * 4);
    this.#memory.u32.copyWithin(this.address >>> 2, from, from + this.count);
    return this;
  }

  /** Fill the list, empty so far and with room for all of them, with the slots in `lists`. */
  fill(lists: PostingsLists): void {
    if (lists.length === 1 && this.#postings.isSorted(lists.slots(0))) this.#fillSorted(lists);
    else if (lists.series * SLOTS_PER_SORTED_VALUE < this.#horizon) this.#fillAndSort(lists);
    else this.#fillByBitmap(lists);
  }

  /** Keep only slots that are in one of `lists` (`isIn`), or only those that are in none. */
  filter(lists: PostingsLists, isIn: boolean): void {
    if (this.count === 0) return;
    if (lists.length === 0) this.count = isIn ? 0 : this.count;
    else if (lists.length === 1 && this.#postings.isSorted(lists.slots(0))) this.#filterSorted(lists, isIn);
    else this.#filterByBitmap(lists, isIn);
  }

  /** Keep only slots for which `keep` says so. */
  keepIf(keep: (slot: number) => boolean): void {
    const {u32} = this.#memory;
    const base = this.address >>> 2;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = u32[base + i];
      if (keep(slot)) u32[base + kept++] = slot;
    }
    this.count = kept;
  }

  /** The slots, valid until the memory is released or grows. */
  values(): Uint32Array {
    const base = this.address >>> 2;
    return this.#memory.u32.subarray(base, base + this.count);
  }

  #fillSorted(lists: PostingsLists): void {
    const view = this.#view.read(lists.slots(0));
    const {u32} = this.#memory;
    const base = this.address >>> 2;
    const room = Math.min(lists.count(0), this.#horizon);
    for (let run = 0; run * VectorView.runValues < room; run++) {
      const at = base + run * VectorView.runValues;
      const length = Math.min(VectorView.runValues, room - run * VectorView.runValues);
      const start = view.runStart(run);
      if (start < 0) u32[at] = view.at(0);
      else u32.set(this.#arena.u32.subarray(start, start + length), at);
    }
    this.count = gallop(u32, base, base + room, this.#horizon) - base;
  }

  #fillAndSort(lists: PostingsLists): void {
    const {u32} = this.#memory;
    const base = this.address >>> 2;
    let count = 0;
    for (let k = 0; k < lists.length; k++) {
      const view = this.#view.read(lists.slots(k));
      const size = lists.count(k);
      for (let i = 0; i < size; i++) {
        const slot = view.at(i);
        if (slot < this.#horizon) u32[base + count++] = slot;
      }
    }
    u32.subarray(base, base + count).sort();
    this.count = count;
  }

  #fillByBitmap(lists: PostingsLists): void {
    const mark = this.#memory.mark();
    const bits = this.#bitmapOf(lists);
    const {u32} = this.#memory;
    const words = (this.#horizon + 31) >>> 5;
    let at = this.address >>> 2;
    for (let i = 0; i < words; i++) {
      for (let word = u32[bits + i]; word !== 0; word &= word - 1) u32[at++] = i * 32 + 31 - Math.clz32(word & -word);
    }
    this.count = at - (this.address >>> 2);
    this.#memory.release(mark);
  }

  /** The word where a bitmap of all slots in `lists` begins; the caller releases it. */
  #bitmapOf(lists: PostingsLists): number {
    const bytes = ((this.#horizon + 31) >>> 5) * 4;
    const address = this.#memory.alloc(bytes, 4);
    const bits = address >>> 2;
    const {u8, u32} = this.#memory;
    u8.fill(0, address, address + bytes);
    for (let k = 0; k < lists.length; k++) this.#mark(u32, bits, lists.slots(k), lists.count(k));
    return bits;
  }

  #mark(u32: Uint32Array, bits: number, slots: number, count: number): void {
    const view = this.#view.read(slots);
    const source = this.#arena.u32;
    const horizon = this.#horizon;
    for (let run = 0; run * VectorView.runValues < count; run++) {
      const start = view.runStart(run);
      const length = Math.min(VectorView.runValues, count - run * VectorView.runValues);
      for (let i = 0; i < length; i++) {
        const slot = start < 0 ? view.at(0) : source[start + i];
        if (slot < horizon) u32[bits + (slot >>> 5)] |= 1 << (slot & 31);
      }
    }
  }

  #filterByBitmap(lists: PostingsLists, isIn: boolean): void {
    const mark = this.#memory.mark();
    const bits = this.#bitmapOf(lists);
    const {u32} = this.#memory;
    const base = this.address >>> 2;
    const wanted = isIn ? 1 : 0;
    let kept = base;
    for (let i = base; i < base + this.count; i++) {
      const slot = u32[i];
      if (((u32[bits + (slot >>> 5)] >>> (slot & 31)) & 1) === wanted) u32[kept++] = slot;
    }
    this.count = kept - base;
    this.#memory.release(mark);
  }

  #filterSorted(lists: PostingsLists, isIn: boolean): void {
    const view = this.#view.read(lists.slots(0));
    const size = lists.count(0);
    const {u32} = this.#memory;
    const base = this.address >>> 2;
    const end = base + this.count;
    let at = base;
    let kept = base;
    for (let run = 0; run * VectorView.runValues < size && at < end; run++) {
      const start = view.runStart(run);
      if (start < 0) {
        const only = view.at(0);
        const place = gallop(u32, at, end, only);
        kept = keepRun(u32, at, place, kept, isIn);
        const isFound = place < end && u32[place] === only;
        if (isFound && isIn) u32[kept++] = only;
        at = isFound ? place + 1 : place;
        continue;
      }
      const length = Math.min(VectorView.runValues, size - run * VectorView.runValues);
      const last = gallop(u32, at, end, this.#arena.u32[start + length - 1] + 1);
      kept = isIn
        ? intersect(u32, at, last, kept, this.#arena.u32, start, start + length)
        : subtract(u32, at, last, kept, this.#arena.u32, start, start + length);
      at = last;
    }
    kept = keepRun(u32, at, end, kept, isIn);
    this.count = kept - base;
  }
}

/** Move `list[from..end)` down to `to` unless slots must be in a list (these are in none); returns the end of what is kept. */
function keepRun(list: Uint32Array, from: number, end: number, to: number, isIn: boolean): number {
  if (isIn || from === end) return to;
  list.copyWithin(to, from, end);
  return to + (end - from);
}

/** Write what `list[from..end)` has in common with `other[start..stop)`, both rising, to `list[to..]`, `to` ≤ `from`; returns the end. */
function intersect(
  list: Uint32Array,
  from: number,
  end: number,
  to: number,
  other: Uint32Array,
  start: number,
  stop: number,
): number {
  let i = from;
  let j = start;
  let kept = to;
  while (i < end && j < stop) {
    const a = list[i];
    const b = other[j];
    if (a < b) i = gallop(list, i + 1, end, b);
    else if (a > b) j = gallop(other, j + 1, stop, a);
    else {
      list[kept++] = a;
      i++;
      j++;
    }
  }
  return kept;
}

/** Write what of `list[from..end)` is not in `other[start..stop)`, both rising, to `list[to..]`, `to` ≤ `from`; returns the end. */
function subtract(
  list: Uint32Array,
  from: number,
  end: number,
  to: number,
  other: Uint32Array,
  start: number,
  stop: number,
): number {
  let i = from;
  let j = start;
  let kept = to;
  while (i < end && j < stop) {
    const a = list[i];
    const b = other[j];
    if (a > b) j = gallop(other, j + 1, stop, a);
    else {
      if (a < b) list[kept++] = a;
      else j++;
      i++;
    }
  }
  return keepRun(list, i, end, kept, false);
}
