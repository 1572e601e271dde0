import {UNSORTED} from '@narthex/kernels/layout/label-index.ts';
import type {Arena} from '../arena/arena.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {WORD_SYMBOL_GENERATION} from '../arena/layout.ts';
import {VectorView, VectorWriter, vectorCount} from '../arena/vector.ts';
import type {LabelSetWriter} from './label-sets.ts';
import {BitSet, NumberList} from './number-list.ts';
import type {PostingsWriter} from './postings.ts';
import type {SymbolWriter} from './symbols.ts';

// Removes series from the index, a slice at a time, while others are read and added:
//
//   1  no removed series is found by its labels any more (a new one with the same labels gets another slot)
//   2  each list that has removed series is copied without them, the copy published in its place; labels and symbols that
//      nobody has any more are unlinked
//   3  when all readers that began before have left, memory, numbers and slots are free
//
// Between slices the index is whole: readers see a list before or after, and removed series have no samples to show.

/** What the limit of a step counts: some 100 ns each. */
const UNITS_PER_LABEL = 4;
const UNITS_PER_LIST = 20;
const SLOTS_PER_UNIT = 16;

const BATCH_SLOTS = 4096;
/** Lists out of order are sorted whole when they are no longer than this; longer ones by a bitmap. */
const SORTED_AT_ONCE = 8192;

/** The writer's parts of the index that a collection works on. */
export interface CollectedIndex {
  readonly arena: Arena;
  readonly symbols: SymbolWriter;
  readonly labelSets: LabelSetWriter;
  readonly postings: PostingsWriter;
}

/** One removal of many series; see `SeriesIndex.collect`. */
export class Collection {
  readonly #index: CollectedIndex;
  readonly #slots: Uint32Array;
  readonly #onStep: (isDone: boolean) => void;
  readonly #vectors: VectorWriter;
  readonly #view: VectorView;
  readonly #work: Generator<undefined>;
  readonly #dead: BitSet;
  /** Those of them that are not found by their labels any more. */
  readonly #unlinked: BitSet;
  /** Pairs that have removed series, each once. */
  readonly #pairs = new NumberList();
  readonly #noted: BitSet;
  /** What readers may still see: pairs that a copy replaced, pairs that are gone, symbols that are gone. */
  readonly #replaced = new NumberList();
  readonly #emptied = new NumberList();
  readonly #symbols = new NumberList();
  /** The copy under way: how much of the list was looked at, and the largest slot in the copy. */
  #copied = 0;
  #largest = -1;
  #left = 0;
  /** Whether the last step stopped for want of memory; the next one tries again. */
  isStarved = false;

  /** `onStep` is called after each step: what the index has noted about labels may be gone. */
  constructor(index: CollectedIndex, slots: Uint32Array, onStep: (isDone: boolean) => void) {
    this.#index = index;
    this.#onStep = onStep;
    this.#slots = slots;
    this.#vectors = new VectorWriter(index.arena);
    this.#view = new VectorView(index.arena);
    this.#dead = new BitSet(index.labelSets.slots);
    this.#unlinked = new BitSet(index.labelSets.slots);
    this.#noted = new BitSet(index.postings.limit);
    for (const slot of slots) this.#dead.add(slot);
    this.#work = this.#run();
  }

  /** Do some more, about `limit` times 100 ns of it; true when all is done and the slots may be used again. */
  step(limit: number): boolean {
    this.#left = limit;
    this.isStarved = false;
    const isDone = this.#work.next().done === true;
    this.#onStep(isDone);
    return isDone;
  }

  *#run(): Generator<undefined> {
    for (const slot of this.#slots) {
      this.unlink(slot);
      if (this.#isSpent(UNITS_PER_LABEL)) yield;
    }
    yield* this.#copyAll();
    for (let i = 0; i < this.#pairs.length; i++) yield* this.#copyPair(this.#pairs.at(i));
    const {arena} = this.#index;
    Atomics.add(arena.i32, WORD_SYMBOL_GENERATION, 1);
    const epoch = arena.epochs.advance();
    while (!arena.epochs.hasPassed(epoch)) yield;
    yield* this.#release();
  }

  #isSpent(units: number): boolean {
    this.#left -= units;
    return this.#left <= 0;
  }

  /** Let the labels of `slot` not be found any more, ahead of its turn; false when it is not to be removed. */
  unlink(slot: number): boolean {
    if (!this.#dead.has(slot)) return false;
    if (this.#unlinked.add(slot)) this.#unlinkSeries(slot);
    return true;
  }

  #unlinkSeries(slot: number): void {
    const {arena, labelSets, postings} = this.#index;
    const {u32} = arena;
    labelSets.unlink(slot);
    const set = labelSets.address(slot) >>> 2;
    const end = set + 2 + 2 * u32[set + 1];
    for (let at = set + 2; at < end; at += 2) {
      const pair = postings.find(u32[at], u32[at + 1]);
      postings.leaveName(u32[at]);
      if (this.#noted.add(pair)) this.#pairs.push(pair);
      this.#left -= UNITS_PER_LABEL;
    }
  }

  *#copyAll(): Generator<undefined> {
    const {arena, postings} = this.#index;
    this.#beginCopy();
    arena.u32[(postings.spareAllSlots >>> 2) - 1] = 0;
    yield* this.#copyLiving(postings.allSlots, postings.spareAllSlots);
    postings.swapAll();
  }

  /** Put a copy of the pair's list without removed series in its place, or take the pair out when none is left. */
  *#copyPair(pair: number): Generator<undefined> {
    const {arena, postings} = this.#index;
    let clone = this.#attempt(() => postings.cloneOf(pair));
    while (clone === undefined) {
      yield;
      clone = this.#attempt(() => postings.cloneOf(pair));
    }
    const target = postings.slotsOf(clone);
    this.#beginCopy();
    for (;;) {
      yield* this.#copyLiving(postings.slotsOf(pair), target);
      if (vectorCount(arena, target) === 0) {
        this.#unlinkPair(pair);
        postings.release(clone);
        break;
      }
      if (this.#attempt(() => postings.substitute(pair, clone)) !== undefined) {
        this.#replaced.push(pair);
        break;
      }
      // Until the next attempt the list may grow: the copy goes on from where it is.
      yield;
    }
    if (this.#isSpent(UNITS_PER_LIST)) yield;
  }

  #unlinkPair(pair: number): void {
    const {postings, symbols} = this.#index;
    postings.unlink(pair);
    this.#emptied.push(pair);
    for (const symbol of [postings.nameSymbolOf(pair), postings.valueOf(pair)]) {
      if (symbols.leave(symbol)) this.#symbols.push(symbol);
    }
  }

  #beginCopy(): void {
    this.#copied = 0;
    this.#largest = -1;
  }

  /** Append what is living of the vector at `source` to the one at `target`, from `#copied` on, until they are level. */
  *#copyLiving(source: number, target: number): Generator<undefined> {
    const isSorted = this.#index.arena.u32[(source >>> 2) - 1] === 0 || this.#copied > 0;
    if (!isSorted) yield* this.#copySorted(source, target);
    const batch = new Uint32Array(Math.min(BATCH_SLOTS, this.#view.read(source).count));
    while (this.#copied < this.#view.read(source).count) {
      const length = this.#fillBatch(batch);
      yield* this.#append(target, batch.subarray(0, length));
      if (this.#isSpent(BATCH_SLOTS / SLOTS_PER_UNIT)) yield;
    }
  }

  /** Take the next living slots from the view; returns how many. */
  #fillBatch(batch: Uint32Array): number {
    const end = Math.min(this.#view.count, this.#copied + batch.length);
    let length = 0;
    for (let i = this.#copied; i < end; i++) {
      const slot = this.#view.at(i);
      if (!this.#dead.has(slot)) batch[length++] = slot;
    }
    this.#copied = end;
    return length;
  }

  /** The same for a list that is out of order: the copy is in order. */
  *#copySorted(source: number, target: number): Generator<undefined> {
    const {count} = this.#view.read(source);
    if (count <= SORTED_AT_ONCE) {
      const batch = new Uint32Array(count);
      yield* this.#append(target, batch.subarray(0, this.#fillBatch(batch)).sort());
      return;
    }
    const limit = this.#index.labelSets.slots;
    const living = new BitSet(limit);
    while (this.#copied < count) {
      const view = this.#view.read(source);
      const end = Math.min(count, this.#copied + BATCH_SLOTS);
      for (let i = this.#copied; i < end; i++) if (!this.#dead.has(view.at(i))) living.add(view.at(i));
      this.#copied = end;
      if (this.#isSpent(BATCH_SLOTS / SLOTS_PER_UNIT)) yield;
    }
    const batch = new Uint32Array(BATCH_SLOTS);
    for (let from = 0; from < limit; from += BATCH_SLOTS) {
      let length = 0;
      for (let slot = from; slot < from + BATCH_SLOTS; slot++) if (living.has(slot)) batch[length++] = slot;
      yield* this.#append(target, batch.subarray(0, length));
      if (this.#isSpent(BATCH_SLOTS / SLOTS_PER_UNIT)) yield;
    }
  }

  *#append(target: number, slots: Uint32Array): Generator<undefined> {
    for (const slot of slots) {
      if (slot < this.#largest) this.#index.arena.u32[(target >>> 2) - 1] |= UNSORTED;
      else this.#largest = slot;
    }
    let done = this.#vectors.append(target, slots);
    while (done < slots.length) {
      this.isStarved = true;
      yield;
      done += this.#vectors.append(target, slots.subarray(done));
    }
  }

  /** What `make` gives, or undefined when the arena has no room now. */
  #attempt<Result>(make: () => Result): Result | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      this.isStarved = true;
      return undefined;
    }
  }

  *#release(): Generator<undefined> {
    const {postings, symbols, labelSets} = this.#index;
    this.#vectors.clear(postings.spareAllSlots);
    for (let i = 0; i < this.#emptied.length; i++) {
      postings.releasePlace(this.#emptied.at(i));
      postings.release(this.#emptied.at(i));
      if (this.#isSpent(UNITS_PER_LIST)) yield;
    }
    for (let i = 0; i < this.#replaced.length; i++) {
      postings.release(this.#replaced.at(i));
      if (this.#isSpent(UNITS_PER_LIST)) yield;
    }
    for (let i = 0; i < this.#symbols.length; i++) {
      symbols.release(this.#symbols.at(i));
      if (this.#isSpent(UNITS_PER_LABEL)) yield;
    }
    for (const slot of this.#slots) {
      labelSets.release(slot);
      if (this.#isSpent(UNITS_PER_LABEL)) yield;
    }
  }
}
