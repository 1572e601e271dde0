import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {SampleExtras} from '../chunk/extras.ts';
import {ShiftedExtras} from '../chunk/shifted-extras.ts';
import {chainSamples} from '../compact/chain-samples.ts';
import type {SampleColumns} from '../compact/sample-columns.ts';
import {type OrderedRows, orderByLabels} from './label-order.ts';
import type {SeriesSource} from './series-source.ts';

/**
 * The series of several sources in the order of labels, each once: its samples come one source after the other where these do not overlap, else
 * by time, one a time, as upstream chains them.
 */
export class MergedSeries implements SeriesSource {
  readonly length: number;
  readonly #memory: KernelMemory;
  readonly #sources: readonly SeriesSource[];
  readonly #order: OrderedRows;

  /** `sources`: from the oldest samples to the newest. */
  constructor(memory: KernelMemory, sources: readonly SeriesSource[], text: (symbol: number) => string) {
    this.#memory = memory;
    this.#sources = sources;
    this.#order = orderByLabels(sources, text);
    this.length = this.#order.starts.length - 1;
  }

  labels(i: number, out: Uint32Array): number {
    const {starts, rows} = this.#order;
    return this.#source(starts[i]).labels(rows[starts[i]], out);
  }

  samplesMax(i: number): number {
    const {starts, rows} = this.#order;
    let sum = 0;
    for (let at = starts[i]; at < starts[i + 1]; at++) sum += this.#source(at).samplesMax(rows[at]);
    return sum;
  }

  read(i: number, times: number, values: number, extras: SampleExtras): number {
    const {starts, rows} = this.#order;
    const runs: SampleColumns[] = [];
    let count = 0;
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      const shifted = count === 0 ? extras : new ShiftedExtras(extras, count);
      const run = {times: times + 8 * count, values: values + 8 * count, starts: shifted.starts};
      const read = this.#source(at).read(rows[at], run.times, run.values, shifted);
      if (read > 0) runs.push({...run, count: read});
      count += read;
    }
    return this.#isInOrder(runs) ? count : this.#chain(runs, {times, values, starts: extras.starts, count});
  }

  readNewest(i: number, times: number, values: number, extras: SampleExtras): number {
    const {starts, rows} = this.#order;
    const {f64} = this.#memory;
    let best = -1;
    let newest = -Infinity;
    // The newest source comes last: mostly it has the newest sample, which then is there already.
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      if (this.#source(at).readNewest(rows[at], times, values, extras) === 0) continue;
      if (f64[times >>> 3] < newest) continue;
      newest = f64[times >>> 3];
      best = at;
    }
    if (best < 0) return 0;
    return best === starts[i + 1] - 1 ? 1 : this.#source(best).readNewest(rows[best], times, values, extras);
  }

  #source(at: number): SeriesSource {
    return this.#sources[this.#order.sources[at]];
  }

  #isInOrder(runs: readonly SampleColumns[]): boolean {
    const {f64} = this.#memory;
    for (let k = 1; k < runs.length; k++) {
      const before = runs[k - 1];
      if (f64[(before.times >>> 3) + before.count - 1] >= f64[runs[k].times >>> 3]) return false;
    }
    return true;
  }

  #chain(runs: readonly SampleColumns[], target: SampleColumns): number {
    const memory = this.#memory;
    const mark = memory.mark();
    const chained = chainSamples(memory, runs);
    const {u8} = memory;
    const bytes = 8 * chained.count;
    u8.copyWithin(target.times, chained.times, chained.times + bytes);
    u8.copyWithin(target.values, chained.values, chained.values + bytes);
    if (target.starts > 0) u8.copyWithin(target.starts, chained.starts, chained.starts + bytes);
    memory.release(mark);
    return chained.count;
  }
}
