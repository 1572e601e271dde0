import {forgetCounterReset} from '@narthex/model/histogram/record.ts';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {SeriesSet} from '../storage.ts';
import {DROP_NAME, labelSetIdOf} from './label-table.ts';
import {type HistogramArena, isHistogramAt} from './histogram-arena.ts';
import type {Lookups} from './histogram-stats.ts';
import type {LabelDemand, Operator} from './operator.ts';
import type {PartOfQuery} from './part-of-query.ts';
import type {QueryContext} from './query-context.ts';
import {RowBatch} from './row-batch.ts';
import {SampleBuffer} from './sample-buffer.ts';
import {haveOneName, SeriesLabels} from './series-labels.ts';

/** Series with their samples, one after the other: what range vector functions are computed from. */
export interface SampleSource {
  readonly distinctWithoutName: boolean;
  /** Samples were read from storage here (not by a subquery), so they count as read. */
  readonly readsStorage: boolean;
  /** The series to be read; none where they are rows of a subquery. */
  readonly set?: SeriesSet;
  /** Goes to the next series that has samples; false at the end. */
  next(): boolean;
  /** Its samples, free of stale markers, oldest first; valid until `next`. */
  readonly times: number;
  readonly values: number;
  readonly scratch: number;
  /** Start timestamps; 0 when nobody asked for them. */
  readonly starts: number;
  readonly count: number;
  /** Some values of the series are histograms. */
  readonly hasHistograms: boolean;
  /** What those refer to; they may be those of other series, too. */
  readonly histograms: HistogramArena;
  /** Label set of the series, reduced to what was asked for. */
  labels(): number;
  /** Name and `__type__`, for annotations. */
  nameAndType(): {name: string; type: string};
  close(): void;
}

/** Samples of a selector within [fromMs, toMs]; `statsAt`: nothing but count and sum of histograms is wanted, at these lookups. */
export class SelectedSamples implements SampleSource {
  readonly distinctWithoutName: boolean;
  readonly readsStorage = true;
  readonly set: SeriesSet;
  readonly #labels: SeriesLabels;
  readonly #buffer: SampleBuffer;
  #series = -1;
  count = 0;

  constructor(
    context: QueryContext,
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    demand: LabelDemand,
    dropName: boolean,
    statsAt?: Lookups,
  ) {
    this.distinctWithoutName = haveOneName(context, matchers);
    this.set = context.querier.select(matchers, fromMs, toMs);
    this.#labels = new SeriesLabels(context, this.set, demand, dropName);
    this.#buffer = new SampleBuffer(context, {wantsStarts: context.options.useStartTimestamps, statsAt});
  }

  get times(): number {
    return this.#buffer.times;
  }
  get values(): number {
    return this.#buffer.values;
  }
  get starts(): number {
    return this.#buffer.starts;
  }
  get histograms(): HistogramArena {
    return this.#buffer.histograms;
  }
  get hasHistograms(): boolean {
    return !this.#buffer.histograms.isEmpty;
  }
  get scratch(): number {
    return this.#buffer.scratch;
  }

  next(): boolean {
    while (++this.#series < this.set.length) {
      this.count = this.#buffer.dropStale(this.#buffer.read(this.set, this.#series));
      if (this.count > 0) return true;
    }
    return false;
  }

  labels(): number {
    return this.#labels.of(this.#series);
  }

  nameAndType(): {name: string; type: string} {
    return this.#labels.nameAndType(this.#series);
  }

  close(): void {
    this.#buffer.free();
  }
}

/** The rows of a subquery as samples. */
export class SubquerySamples implements SampleSource {
  readonly distinctWithoutName: boolean;
  readonly readsStorage = false;
  readonly #context: QueryContext;
  readonly #rows: Operator;
  readonly #batch: RowBatch;
  readonly #buffer: SampleBuffer;
  readonly #dropName: boolean;
  readonly #part: PartOfQuery;
  #row = 0;
  #labelRef = 0;
  count = 0;
  hasHistograms = false;

  constructor(context: QueryContext, rows: Operator, dropName: boolean, part: PartOfQuery) {
    this.#context = context;
    this.#rows = rows;
    this.#part = part;
    this.#dropName = dropName;
    this.distinctWithoutName = rows.distinctWithoutName;
    this.#batch = new RowBatch(context, rows.grid.count);
    this.#buffer = new SampleBuffer(context);
    this.#buffer.reserve(rows.grid.count);
  }

  get times(): number {
    return this.#buffer.times;
  }
  get values(): number {
    return this.#buffer.values;
  }
  get starts(): number {
    return 0;
  }
  get histograms(): HistogramArena {
    return this.#batch.histograms;
  }
  get scratch(): number {
    return this.#buffer.scratch;
  }

  next(): boolean {
    for (;;) {
      if (this.#row >= this.#batch.rows) {
        if (!this.#context.stats.within(this.#part, () => this.#rows.next(this.#batch))) return false;
        this.#row = 0;
      }
      this.#load(this.#row++);
      if (this.count > 0) return true;
    }
  }

  labels(): number {
    if (!this.#dropName) return this.#labelRef;
    if (this.#context.options.delayedNameRemoval) return (this.#labelRef | DROP_NAME) >>> 0;
    return this.#context.labels.withoutName.of(this.#labelRef);
  }

  nameAndType(): {name: string; type: string} {
    const {labels} = this.#context;
    const id = labelSetIdOf(this.#labelRef);
    return {name: labels.value(id, METRIC_NAME), type: labels.value(id, '__type__')};
  }

  close(): void {
    this.#rows.close();
    this.#batch.free();
    this.#buffer.free();
  }

  #load(row: number): void {
    const {memory} = this.#context.heap;
    const {startMs, stepMs} = this.#rows.grid;
    const first = memory.u32[(this.#batch.firsts >>> 2) + row];
    this.#labelRef = memory.u32[(this.#batch.labels >>> 2) + row];
    this.count = memory.kernels.cellsToSamples(
      memory.u32[(this.#batch.cells >>> 2) + row],
      memory.u32[(this.#batch.counts >>> 2) + row],
      startMs + first * stepMs,
      stepMs,
      this.times,
      this.values,
    );
    this.hasHistograms = !this.histograms.isEmpty && memory.kernels.cellsHistograms(this.values, this.count) > 0;
    if (this.hasHistograms && this.#part.weight === 0) this.#forgetCounterResets();
  }

  /** Hints are about the sample before, which a subquery may not have looked at. As a result of the query itself they don't matter. */
  #forgetCounterResets(): void {
    const {memory} = this.#context.heap;
    for (let i = 0; i < this.count; i++) {
      const cell = this.values + i * 8;
      if (isHistogramAt(memory.u32, cell)) forgetCounterReset(memory, memory.u32[cell >>> 2]);
    }
  }
}
