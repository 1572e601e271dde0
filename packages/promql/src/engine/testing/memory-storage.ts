import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Querier, SeriesSet, SymbolTable} from '../../storage.ts';

/** One series of a MemoryStorage: sorted times in ms and the bits of the values. */
interface StoredSeries {
  readonly labels: Labels;
  readonly symbols: Uint32Array;
  times: number[];
  bits: bigint[];
}

const words = new BigUint64Array(1);
const floats = new Float64Array(words.buffer);

/** The bits of a float. */
export function bitsOf(value: number): bigint {
  floats[0] = value;
  return words[0];
}

/** A small storage of plain objects for tests of the engine: obvious, not fast. */
export class MemoryStorage {
  readonly #series = new Map<string, StoredSeries>();
  readonly #texts: string[] = [];
  readonly #symbols = new Map<string, number>();

  /** Adds a sample; a stale marker is added by its bits. A sample at a known time is replaced. */
  append(labels: Labels, timeMs: number, bits: bigint): void {
    const series = this.#seriesOf(labels);
    let at = series.times.length;
    while (at > 0 && series.times[at - 1] > timeMs) at--;
    if (at > 0 && series.times[at - 1] === timeMs) series.bits[at - 1] = bits;
    else {
      series.times.splice(at, 0, timeMs);
      series.bits.splice(at, 0, bits);
    }
  }

  /** All series with their samples, in the order of their creation. */
  *series(): Generator<{labels: Labels; times: readonly number[]; bits: readonly bigint[]}> {
    yield* this.#series.values();
  }

  querier(memory: KernelMemory): Querier {
    const all = [...this.#series.values()];
    return {
      symbols: this.#symbolTable(),
      select: (matchers, startMs, endMs) => {
        const found = all.filter(({labels}) => matchesAll(labels, matchers));
        return new MemorySeriesSet(memory, found, startMs, endMs);
      },
    };
  }

  #symbolTable(): SymbolTable {
    return {
      text: (symbol) => this.#texts[symbol],
      find: (text) => this.#symbols.get(text) ?? -1,
    };
  }

  #seriesOf(labels: Labels): StoredSeries {
    const key = labels.toString();
    let series = this.#series.get(key);
    if (series === undefined) {
      const symbols = [...labels.entries()].flatMap(([name, value]) => [this.#symbolOf(name), this.#symbolOf(value)]);
      series = {labels, symbols: Uint32Array.from(symbols), times: [], bits: []};
      this.#series.set(key, series);
    }
    return series;
  }

  #symbolOf(text: string): number {
    let symbol = this.#symbols.get(text);
    if (symbol === undefined) {
      symbol = this.#texts.push(text) - 1;
      this.#symbols.set(text, symbol);
    }
    return symbol;
  }
}

export function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

class MemorySeriesSet implements SeriesSet {
  readonly length: number;
  readonly #memory: KernelMemory;
  readonly #series: readonly StoredSeries[];
  readonly #startMs: number;
  readonly #endMs: number;

  constructor(memory: KernelMemory, series: readonly StoredSeries[], startMs: number, endMs: number) {
    this.#memory = memory;
    this.#series = series;
    this.length = series.length;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  labels(i: number, out: Uint32Array): number {
    const {symbols} = this.#series[i];
    out.set(symbols);
    return symbols.length / 2;
  }

  samplesMax(i: number): number {
    return this.#series[i].times.length;
  }

  read(i: number, times: number, values: number): number {
    const series = this.#series[i];
    let count = 0;
    for (let at = 0; at < series.times.length; at++) {
      if (series.times[at] < this.#startMs || series.times[at] > this.#endMs) continue;
      this.#write(series, at, times + count * 8, values + count * 8);
      count++;
    }
    return count;
  }

  readNewest(i: number, times: number, values: number): number {
    const series = this.#series[i];
    let at = series.times.length - 1;
    while (at >= 0 && series.times[at] > this.#endMs) at--;
    if (at < 0 || series.times[at] < this.#startMs) return 0;
    this.#write(series, at, times, values);
    return 1;
  }

  #write(series: StoredSeries, at: number, time: number, value: number): void {
    this.#memory.f64[time >>> 3] = series.times[at];
    this.#memory.u64[value >>> 3] = series.bits[at];
  }
}
