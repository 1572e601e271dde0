import {addHistogram, ADDED} from '@narthex/model/histogram/add.ts';
import {compact} from '@narthex/model/histogram/compact.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {addCompensatedHistogram, startCompensation} from '@narthex/model/histogram/kahan-add.ts';
import {readRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {divideHistogram, hasOverflow, multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import type {AnnotationPlace} from './annotations.ts';
import type {QueryContext} from './query-context.ts';
import {BYTES_PER_SAMPLE} from './histogram-arena.ts';
import {blockBytes, U32Column} from './query-heap.ts';

// What is known of one group at one step, as u32 words in the query's memory.
const STATE_BYTES = 64;
const FLAGS = 0;
/** Address and bytes of the record of the sum (or mean), and of what it misses. */
const SUM = 1;
const MISSED = 3;
const COUNT = 5;

const HAS_FLOAT = 1;
const IS_INCOMPATIBLE = 2;
/** The sum would have overflowed: SUM holds the mean. */
const IS_MEAN = 4;
const RESET_SEEN = 8;
const NO_RESET_SEEN = 16;

const MIXED_SCHEMAS = 'vector contains a mix of histograms with exponential and custom buckets schemas for metric name';

/** The outcome of a step for a group. */
export type SumOutcome = 'floats' | 'histogram' | 'nothing';

/**
 * sum and avg over histograms, for the steps of groups that have any. Sums are compensated, and avg turns from a sum to a running mean when that overflows,
 * as for floats. A step that has floats as well, or histograms that cannot be added, has no result.
 */
export class HistogramSums {
  readonly #context: QueryContext;
  readonly #isAverage: boolean;
  readonly #steps: number;
  readonly #notes: AnnotationPlace;
  /** By group: address of a column with the address of each step's state; 0 where there is none. */
  readonly #columns: U32Column;
  readonly #sum = new FloatHistogram();
  readonly #missed = new FloatHistogram();
  readonly #added = new FloatHistogram();

  constructor(context: QueryContext, op: 'sum' | 'avg', steps: number, notes: AnnotationPlace) {
    this.#context = context;
    this.#isAverage = op === 'avg';
    this.#steps = steps;
    this.#notes = notes;
    this.#columns = new U32Column(context.heap);
  }

  /** No histogram was added to the group. */
  isEmpty(group: number): boolean {
    return group >= this.#columns.length || this.#columns.get(group) === 0;
  }

  /** Adds the histogram whose record is at `record`; `hasFloat`: a float came before it. `name` of its series, for warnings. */
  add(group: number, step: number, record: number, hasFloat: boolean, name: () => string): void {
    const known = this.#stateOf(group, step);
    const {memory} = this.#context.heap;
    if (known === 0) return this.#begin(group, step, record, hasFloat);
    const flags = memory.u32[(known >>> 2) + FLAGS];
    if ((flags & IS_INCOMPATIBLE) !== 0 || memory.u32[(known >>> 2) + SUM] === 0) return;
    readRecord(memory, record, this.#added);
    this.#noteReset(known, this.#added);
    memory.u32[(known >>> 2) + COUNT]++;
    const outcome = this.#isAverage ? this.#addToAverage(known) : this.#addToSum(known);
    if ((outcome & ADDED.incompatible) !== 0) {
      this.#flag(known, IS_INCOMPATIBLE);
      this.#notes.warn(`${MIXED_SCHEMAS} ${quoteGo(name())}`);
    }
    if ((outcome & ADDED.boundsReconciled) !== 0) this.#noteReconciledBounds();
  }

  /** A float came after histograms, if there were any. */
  sawFloat(group: number, step: number): void {
    const state = this.#stateOf(group, step);
    if (state === 0) return;
    if ((this.#context.heap.memory.u32[(state >>> 2) + FLAGS] & IS_INCOMPATIBLE) === 0) this.#flag(state, HAS_FLOAT);
  }

  /** What the step gives; a histogram is in `into`. */
  finish(group: number, step: number, into: FloatHistogram): SumOutcome {
    const state = this.#stateOf(group, step);
    if (state === 0) return 'floats';
    const flags = this.#context.heap.memory.u32[(state >>> 2) + FLAGS];
    if ((flags & HAS_FLOAT) !== 0) {
      this.#notes.warn('encountered a mix of histograms and floats for aggregation');
      return 'nothing';
    }
    if ((flags & IS_INCOMPATIBLE) !== 0) return 'nothing';
    this.#total(state, into);
    const resets = RESET_SEEN | NO_RESET_SEEN;
    if ((flags & resets) === resets) this.#notes.warn('conflicting counter resets during histogram aggregation');
    return 'histogram';
  }

  free(): void {
    for (let group = 0; group < this.#columns.length; group++) {
      const column = this.#columns.get(group);
      if (column === 0) continue;
      for (let step = 0; step < this.#steps; step++) this.#freeState(this.#stateOf(group, step));
      this.#context.heap.give(column, this.#steps * 4);
    }
    this.#columns.free();
  }

  #begin(group: number, step: number, record: number, hasFloat: boolean): void {
    const {heap} = this.#context;
    const state = heap.take(STATE_BYTES);
    heap.memory.u32.fill(0, state >>> 2, (state + STATE_BYTES) >>> 2);
    // Making a column may replace the views of the memory.
    const column = this.#columnOf(group);
    heap.memory.u32[(column >>> 2) + step] = state;
    if (hasFloat) return this.#flag(state, HAS_FLOAT);
    readRecord(heap.memory, record, this.#sum);
    this.#noteReset(state, this.#sum);
    heap.memory.u32[(state >>> 2) + COUNT] = 1;
    this.#store(state, SUM, this.#sum);
  }

  #addToSum(state: number): number {
    this.#load(state);
    const outcome = addCompensatedHistogram(this.#sum, this.#missed, this.#added);
    if ((outcome & ADDED.incompatible) === 0) this.#storeBoth(state);
    return outcome;
  }

  #addToAverage(state: number): number {
    const {u32} = this.#context.heap.memory;
    const count = u32[(state >>> 2) + COUNT];
    if ((u32[(state >>> 2) + FLAGS] & IS_MEAN) === 0) {
      this.#load(state);
      const outcome = addCompensatedHistogram(this.#sum, this.#missed, this.#added);
      if ((outcome & ADDED.incompatible) !== 0) return outcome;
      if (!hasOverflow(this.#sum)) {
        this.#storeBoth(state);
        return outcome;
      }
      if ((outcome & ADDED.boundsReconciled) !== 0) this.#noteReconciledBounds();
      this.#flag(state, IS_MEAN);
      this.#load(state);
      divideHistogram(this.#sum, count - 1);
      divideHistogram(this.#missed, count - 1);
    } else this.#load(state);
    multiplyHistogram(this.#missed, (count - 1) / count);
    multiplyHistogram(this.#sum, (count - 1) / count);
    divideHistogram(this.#added, count);
    const outcome = addCompensatedHistogram(this.#sum, this.#missed, this.#added);
    if ((outcome & ADDED.incompatible) === 0) this.#storeBoth(state);
    return outcome;
  }

  #total(state: number, into: FloatHistogram): void {
    this.#load(state);
    const {u32} = this.#context.heap.memory;
    const count = u32[(state >>> 2) + COUNT];
    if (this.#isAverage && (u32[(state >>> 2) + FLAGS] & IS_MEAN) === 0) {
      divideHistogram(this.#sum, count);
      divideHistogram(this.#missed, count);
    }
    if (u32[(state >>> 2) + MISSED] !== 0) addHistogram(this.#sum, this.#missed);
    into.copyFrom(this.#sum);
    compact(into);
  }

  #stateOf(group: number, step: number): number {
    if (this.isEmpty(group)) return 0;
    return this.#context.heap.memory.u32[(this.#columns.get(group) >>> 2) + step];
  }

  #columnOf(group: number): number {
    if (this.#columns.length <= group) this.#columns.resize(group + 1, 0);
    if (this.#columns.get(group) === 0) {
      const {heap} = this.#context;
      const column = heap.take(this.#steps * 4);
      heap.memory.u32.fill(0, column >>> 2, (column >>> 2) + this.#steps);
      this.#columns.set(group, column);
    }
    return this.#columns.get(group);
  }

  #flag(state: number, flag: number): void {
    this.#context.heap.memory.u32[(state >>> 2) + FLAGS] |= flag;
  }

  #noteReset(state: number, {counterReset}: FloatHistogram): void {
    if (counterReset === COUNTER_RESET.reset) this.#flag(state, RESET_SEEN);
    if (counterReset === COUNTER_RESET.notReset) this.#flag(state, NO_RESET_SEEN);
  }

  #load(state: number): void {
    const {memory} = this.#context.heap;
    readRecord(memory, memory.u32[(state >>> 2) + SUM], this.#sum);
    const missed = memory.u32[(state >>> 2) + MISSED];
    if (missed === 0) startCompensation(this.#missed, this.#sum);
    else readRecord(memory, missed, this.#missed);
  }

  #storeBoth(state: number): void {
    this.#store(state, SUM, this.#sum);
    this.#store(state, MISSED, this.#missed);
  }

  /** Keeps a record in the block that the state has for it, or in a larger one. */
  #store(state: number, field: number, histogram: FloatHistogram): void {
    const {heap} = this.#context;
    const word = (state >>> 2) + field;
    const bytes = recordBytes(histogram);
    const known = heap.memory.u32[word + 1];
    if (bytes > known) {
      this.#freeRecord(word);
      const size = blockBytes(bytes);
      this.#context.hold(size / BYTES_PER_SAMPLE);
      const at = heap.take(size);
      heap.memory.u32[word] = at;
      heap.memory.u32[word + 1] = size;
    }
    writeRecord(heap.memory, heap.memory.u32[word], histogram);
  }

  #freeRecord(word: number): void {
    const {heap} = this.#context;
    const bytes = heap.memory.u32[word + 1];
    if (bytes === 0) return;
    heap.give(heap.memory.u32[word], bytes);
    this.#context.release(bytes / BYTES_PER_SAMPLE);
  }

  #freeState(state: number): void {
    if (state === 0) return;
    this.#freeRecord((state >>> 2) + SUM);
    this.#freeRecord((state >>> 2) + MISSED);
    this.#context.heap.give(state, STATE_BYTES);
  }

  #noteReconciledBounds(): void {
    this.#notes.info('mismatched custom buckets were reconciled during aggregation');
  }
}
