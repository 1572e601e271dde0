import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {SampleExtras} from '../chunk/extras.ts';
import {RunJoiner} from '../chunk/run-joiner.ts';
import {shiftedExtras} from '../chunk/shifted-extras.ts';
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
  #joiner: RunJoiner | undefined;

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
    const runStarts = [0];
    let count = 0;
    let isInOrder = true;
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      const begin = times + 8 * count;
      const read = this.#source(at).read(rows[at], begin, values + 8 * count, shiftedExtras(extras, count));
      if (read === 0) continue;
      const {f64} = this.#memory;
      if (count > 0 && f64[(begin >>> 3) - 1] >= f64[begin >>> 3]) isInOrder = false;
      count += read;
      runStarts.push(count);
    }
    if (isInOrder) return count;
    this.#joiner ??= new RunJoiner(this.#memory);
    return this.#joiner.join({times, values, starts: extras.starts, count}, runStarts);
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
}
