// Merges runs of samples with rising times, as upstream's chain of iterators does (storage/merge.go): the order in which runs are
// left for another one decides which of two samples at one time is read, and where a histogram no longer knows whether it follows
// the one before it.

/** Goes through the samples of several runs by their times, each time once. */
export class RunMerge {
  #times: Float64Array = new Float64Array(0);
  #positions = new Uint32Array(16);
  #ends = new Uint32Array(16);
  /** Runs other than the current one that are not at their end, as a heap by the times of their samples. */
  readonly #heap: number[] = [];
  #run = 0;
  #lastTime = NaN;
  #isFirst = true;
  /** Whether the sample stands directly behind the one before it, in the same run. */
  isConsecutive = false;

  /** Begin with `runs` runs of rising times, the first one at `times[starts[0], starts[1])` and so on. Neither array changes until all is read. */
  begin(times: Float64Array, starts: readonly number[], runs: number): void {
    if (this.#positions.length < runs) {
      this.#positions = new Uint32Array(runs * 2);
      this.#ends = new Uint32Array(runs * 2);
    }
    this.#times = times;
    this.#heap.length = 0;
    this.#run = 0;
    this.#lastTime = NaN;
    this.#isFirst = true;
    for (let run = 0; run < runs; run++) {
      this.#positions[run] = starts[run];
      this.#ends[run] = starts[run + 1];
      if (run > 0 && starts[run] < starts[run + 1]) this.#push(run);
    }
  }

  /** The run of the sample that `next` gave. */
  get run(): number {
    return this.#run;
  }

  /** The place of the next sample in the times; -1 at the end. */
  next(): number {
    let isChanged = this.#isFirst;
    let step = this.#isFirst ? 0 : 1;
    this.#isFirst = false;
    for (;;) {
      const run = this.#run;
      this.#positions[run] += step;
      step = 1;
      if (this.#positions[run] < this.#ends[run]) {
        const time = this.#timeOf(run);
        if (this.#heap.length === 0 || time < this.#timeOf(this.#heap[0])) break;
        this.#push(run);
      } else if (this.#heap.length === 0) return -1;
      this.#run = this.#pop();
      isChanged = true;
      if (this.#timeOf(this.#run) !== this.#lastTime) break;
    }
    this.isConsecutive = !isChanged;
    this.#lastTime = this.#timeOf(this.#run);
    return this.#positions[this.#run];
  }

  #timeOf(run: number): number {
    return this.#times[this.#positions[run]];
  }

  #push(run: number): void {
    const heap = this.#heap;
    let at = heap.push(run) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!(this.#timeOf(run) < this.#timeOf(heap[parent]))) break;
      heap[at] = heap[parent];
      heap[parent] = run;
      at = parent;
    }
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return top;
      const isRight = left + 1 < heap.length && this.#timeOf(heap[left + 1]) < this.#timeOf(heap[left]);
      const child = isRight ? left + 1 : left;
      if (!(this.#timeOf(heap[child]) < this.#timeOf(heap[at]))) return top;
      [heap[at], heap[child]] = [heap[child], heap[at]];
      at = child;
    }
  }
}
