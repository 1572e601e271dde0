import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Querier, SymbolTable} from '../storage.ts';
import {HistogramChunk} from './histogram-chunk.ts';
import {MemorySeriesSet} from './memory-series-set.ts';

/** One sample as it is read back. */
export interface StoredSample {
  readonly timeMs: number;
  /** Since when a counter counts; 0 when that is not known. */
  readonly startMs: number;
  /** The bits of the float, which may be the stale marker; 0 for a histogram. */
  readonly bits: bigint;
  /** Its hint is the one that upstream's storage gives on reading (`HistogramChunk`). Belongs to the storage: copy it to change it. */
  readonly histogram: FloatHistogram | undefined;
}

/** A series with its samples, oldest first. */
export interface StoredSeries {
  readonly labels: Labels;
  readonly samples: readonly StoredSample[];
}

/** A series with what the storage needs to add to it and to give it out. */
export interface KeptSeries extends StoredSeries {
  readonly samples: StoredSample[];
  /** Name and value symbols of the labels. */
  readonly symbols: Uint32Array;
  readonly chunk: HistogramChunk;
}

const words = new BigUint64Array(1);
const floats = new Float64Array(words.buffer);

/** The bits of a float. */
export function bitsOf(value: number): bigint {
  floats[0] = value;
  return words[0];
}

/** The float of `bits`; a stale marker becomes a NaN that can no longer be told from others. */
export function floatOf(bits: bigint): number {
  words[0] = bits;
  return floats[0];
}

/**
 * A storage of plain objects in memory, for tests and for programs that evaluate PromQL over data of their own: obvious, not fast. Series are read in the order
 * of their creation.
 */
export class MemoryStorage {
  readonly #series: KeptSeries[] = [];
  readonly #byLabels = new Map<string, KeptSeries>();
  readonly #texts: string[] = [];
  readonly #symbols = new Map<string, number>();

  /** All series in the order of their creation. */
  get series(): readonly StoredSeries[] {
    return this.#series;
  }

  /** Adds a float, or a stale marker by its bits. A float at a known time is replaced, one that is older than others gets to its place. */
  append(labels: Labels, timeMs: number, bits: bigint, startMs = 0): void {
    const {samples, chunk} = this.#seriesOf(labels);
    let at = samples.length;
    while (at > 0 && samples[at - 1].timeMs > timeMs) at--;
    const isKnown = at > 0 && samples[at - 1].timeMs === timeMs;
    const place = isKnown ? at - 1 : at;
    if (samples.slice(place).some(({histogram}) => histogram !== undefined)) throw new OrderError(labels, timeMs);
    samples.splice(place, isKnown ? 1 : 0, {timeMs, startMs, bits, histogram: undefined});
    chunk.end();
  }

  /** Adds a copy of a histogram, whose hint is what its source says. Throws OrderError unless it is newer than all samples of its series. */
  appendHistogram(labels: Labels, timeMs: number, histogram: FloatHistogram, startMs = 0): void {
    const {samples, chunk} = this.#seriesOf(labels);
    const newest = samples.at(-1);
    if (newest !== undefined && newest.timeMs >= timeMs) throw new OrderError(labels, timeMs);
    const copy = histogram.clone();
    chunk.append(timeMs, copy);
    samples.push({timeMs, startMs, bits: 0n, histogram: copy});
  }

  /** A view of what is stored now and later; samples are read to `memory`. */
  querier(memory: KernelMemory): Querier {
    return {
      symbols: this.#symbolTable(),
      select: (matchers, startMs, endMs) => {
        const found = this.#series.filter(({labels}) => matchesAll(labels, matchers));
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

  #seriesOf(labels: Labels): KeptSeries {
    const key = labels.toString();
    let series = this.#byLabels.get(key);
    if (series === undefined) {
      const symbols = [...labels.entries()].flatMap(([name, value]) => [this.#symbolOf(name), this.#symbolOf(value)]);
      series = {labels, symbols: Uint32Array.from(symbols), samples: [], chunk: new HistogramChunk()};
      this.#byLabels.set(key, series);
      this.#series.push(series);
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

/** Histograms of a series are added in order of time, each time once. */
export class OrderError extends Error {
  override readonly name = 'OrderError';

  constructor(labels: Labels, timeMs: number) {
    super(`out of order sample: ${labels.toString()} has histograms at or after ${timeMs} ms`);
  }
}

/** Whether a series with these labels is selected. */
export function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}
