import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {forgetCounterReset} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from '../chunk/extras.ts';
import {allocColumns, copySample, type SampleColumns} from './sample-columns.ts';

/**
 * The samples of several runs as one run in the order of time, one sample a time, in new memory that the caller releases. Of
 * samples with the same time, the one is taken that upstream takes (storage/merge.go, chainSampleIterator): which run that is depends on
 * where the samples before came from, so the same walk is made. A histogram that does not follow its neighbour of the same
 * run says nothing about counter resets any more.
 */
export function chainSamples(memory: KernelMemory, runs: readonly SampleColumns[]): SampleColumns {
  const room = runs.reduce((sum, run) => sum + run.count, 0);
  return new SampleChain(memory, runs, allocColumns(memory, room)).run();
}

class SampleChain {
  readonly #memory: KernelMemory;
  readonly #runs: readonly SampleColumns[];
  readonly #target: SampleColumns;
  /** Where each run stands: on the sample that it gives next. */
  readonly #at: Int32Array;
  readonly #heap: RunHeap;
  #current = 0;
  #lastTime = -Infinity;
  #count = 0;

  constructor(memory: KernelMemory, runs: readonly SampleColumns[], target: SampleColumns) {
    this.#memory = memory;
    this.#runs = runs;
    this.#target = target;
    this.#at = new Int32Array(runs.length);
    this.#heap = new RunHeap((a, b) => this.#timeOf(a) < this.#timeOf(b));
  }

  run(): SampleColumns {
    for (let i = 1; i < this.#runs.length; i++) if (this.#runs[i].count > 0) this.#heap.push(i);
    this.#at[0] = -1;
    let isOtherRun = true;
    for (;;) {
      const change = this.#advance();
      if (change < 0) return {...this.#target, count: this.#count};
      this.#take(!isOtherRun && change === 0);
      isOtherRun = false;
    }
  }

  /** Go to the next sample; 0 when it is of the same run as the one before, 1 of another, -1 at the end. */
  #advance(): number {
    let change = 0;
    for (;;) {
      const run = this.#current;
      if (++this.#at[run] < this.#runs[run].count) {
        const time = this.#timeOf(run);
        if (time === this.#lastTime) continue;
        if (this.#heap.length === 0 || time < this.#timeOf(this.#heap.first)) return change;
        this.#heap.push(run);
      } else if (this.#heap.length === 0) return -1;
      this.#current = this.#heap.pop();
      change = 1;
      if (this.#timeOf(this.#current) !== this.#lastTime) return change;
    }
  }

  #take(isConsecutive: boolean): void {
    const memory = this.#memory;
    const at = this.#count++;
    copySample(memory, this.#runs[this.#current], this.#at[this.#current], this.#target, at);
    this.#lastTime = this.#timeOf(this.#current);
    const word = (this.#target.values >>> 2) + 2 * at;
    if (!isConsecutive && memory.u32[word + 1] === HISTOGRAM_HIGH) forgetCounterReset(memory, memory.u32[word]);
  }

  #timeOf(run: number): number {
    return this.#memory.f64[(this.#runs[run].times >>> 3) + this.#at[run]];
  }
}

/** Numbers of runs, the one with the oldest sample first. Equal ones come in the order of Go's container/heap. */
class RunHeap {
  readonly #items: number[] = [];
  readonly #isLess: (a: number, b: number) => boolean;

  constructor(isLess: (a: number, b: number) => boolean) {
    this.#isLess = isLess;
  }

  get length(): number {
    return this.#items.length;
  }

  get first(): number {
    return this.#items[0];
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isLess(items[at], items[parent])) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): number {
    const items = this.#items;
    const last = items.length - 1;
    this.#swap(0, last);
    for (let at = 0; ;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isLess(items[child + 1], items[child])) child++;
      if (!this.#isLess(items[child], items[at])) break;
      this.#swap(at, child);
      at = child;
    }
    return items.pop()!;
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    [items[a], items[b]] = [items[b], items[a]];
  }
}
