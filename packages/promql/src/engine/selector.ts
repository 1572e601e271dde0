import type {Matcher} from '@narthex/model/matcher.ts';
import type {SeriesSet} from '../storage.ts';
import type {LabelDemand, Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import type {RowBatch} from './row-batch.ts';
import {SampleBuffer} from './sample-buffer.ts';
import {haveOneName, SeriesLabels} from './series-labels.ts';
import type {StepGrid} from './step-grid.ts';

export interface SelectorOptions {
  readonly matchers: readonly Matcher[];
  readonly grid: StepGrid;
  /** The time looked up at the first step, in ms: offset and `@` are in it. */
  readonly firstMs: number;
  /** How far the time looked up moves from step to step; 0 under `@`. */
  readonly moveMs: number;
  readonly demand: LabelDemand;
  /**
   * What a cell holds: the newest sample's value; its time in seconds; or the value on the line between the samples around the step
   * (`smoothed`).
   */
  readonly wanted: 'value' | 'time' | 'smoothed';
  readonly dropName: boolean;
}

/** An instant vector selector: at each step the newest sample within the lookback, unless it is a stale marker. */
export class Selector implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #options: SelectorOptions;
  readonly #set: SeriesSet;
  readonly #labels: SeriesLabels;
  readonly #buffer: SampleBuffer;
  #series = 0;

  constructor(context: QueryContext, options: SelectorOptions) {
    const {matchers, grid, firstMs, moveMs, demand, wanted} = options;
    const after = wanted === 'smoothed' ? context.options.lookbackMs : 0;
    this.grid = grid;
    this.#context = context;
    this.#options = options;
    this.distinctWithoutName = haveOneName(context, matchers);
    const from = firstMs - context.options.lookbackMs + 1;
    this.#set = context.querier.select(matchers, from, firstMs + Math.max(0, grid.count - 1) * moveMs + after);
    this.#labels = new SeriesLabels(context, this.#set, demand, options.dropName);
    this.#buffer = new SampleBuffer(context);
  }

  next(out: RowBatch): boolean {
    this.#context.checkpoint();
    out.clear();
    while (out.rows === 0 && this.#series < this.#set.length && this.grid.count > 0) {
      if (this.grid.count === 1 && this.#options.wanted !== 'smoothed') this.#fillSingles(out);
      else this.#fillRows(out);
    }
    return out.rows > 0;
  }

  close(): void {
    this.#buffer.free();
  }

  /** One step: the newest samples of many series, then one kernel call for all. */
  #fillSingles(out: RowBatch): void {
    const from = this.#series;
    const rows = Math.min(out.roomForSingles, this.#set.length - from);
    this.#buffer.reserve(rows);
    this.#buffer.histograms.clear();
    const {times, values} = this.#buffer;
    const {memory} = this.#context.heap;
    for (let i = 0; i < rows; i++) {
      const found = this.#set.readNewest(from + i, times + i * 8, values + i * 8, this.#buffer);
      if (found === 0) memory.f64[(times >>> 3) + i] = NaN;
    }
    this.#series += rows;
    const {firstMs, wanted} = this.#options;
    const {lookbackMs} = this.#context.options;
    const hasHistograms = !this.#buffer.histograms.isEmpty;
    const present = memory.kernels.instantNewest(
      times,
      values,
      rows,
      firstMs,
      lookbackMs,
      wanted === 'time',
      hasHistograms,
    );
    this.#context.stats.count(present, present);
    if (present === 0) return;
    const begin = out.begin + out.used * 8;
    this.#pushSingles(out, from, rows);
    if (hasHistograms) out.histograms.adopt(begin, present);
  }

  #pushSingles(out: RowBatch, from: number, rows: number): void {
    const {heap} = this.#context;
    const values = this.#buffer.values >>> 2;
    for (let i = 0; i < rows; i++) {
      const low = heap.memory.u32[values + i * 2];
      const high = heap.memory.u32[values + i * 2 + 1];
      if (high === 0x7ff00000 && low === 2) continue;
      const labels = this.#labels.of(from + i);
      const cell = out.push(labels, 0, 1) >>> 2;
      heap.memory.u32[cell] = low;
      heap.memory.u32[cell + 1] = high;
    }
  }

  #fillRows(out: RowBatch): void {
    for (; this.#series < this.#set.length && out.fits(this.grid.count); this.#series++) this.#fillRow(out);
  }

  #fillRow(out: RowBatch): void {
    const {firstMs, moveMs, wanted} = this.#options;
    const {lookbackMs} = this.#context.options;
    const read = this.#buffer.read(this.#set, this.#series);
    const count = wanted === 'smoothed' ? this.#buffer.dropStale(read) : read;
    const {times} = this.#buffer;
    const {f64} = this.#context.heap.memory;
    if (count === 0) return;
    const newest = f64[(times >>> 3) + count - 1];
    const [first, end] = stretchOf(this.grid, firstMs, moveMs, f64[times >>> 3], newest + lookbackMs);
    if (first >= end) return;
    const cells = out.push(this.#labels.of(this.#series), first, end - first);
    const present = this.#fillCells(count, firstMs + first * moveMs, end - first, cells);
    this.#context.stats.count(present, present);
    if (present === 0) out.pop();
    else if (!this.#buffer.histograms.isEmpty) out.histograms.adopt(cells, end - first);
  }

  #fillCells(count: number, fromMs: number, steps: number, cells: number): number {
    const {kernels} = this.#context.heap.memory;
    const {times, values} = this.#buffer;
    const {moveMs, wanted} = this.#options;
    const {lookbackMs} = this.#context.options;
    if (wanted === 'smoothed') {
      return kernels.smoothedSteps(times, values, count, fromMs, moveMs, steps, lookbackMs, cells);
    }
    const hasHistograms = !this.#buffer.histograms.isEmpty;
    return kernels.instantSteps(
      times,
      values,
      count,
      fromMs,
      moveMs,
      steps,
      lookbackMs,
      wanted === 'time',
      hasHistograms,
      cells,
    );
  }
}

/** The steps, first and end, whose times `firstMs + step * moveMs` lie in [fromMs, untilMs). */
export function stretchOf(
  grid: StepGrid,
  firstMs: number,
  moveMs: number,
  fromMs: number,
  untilMs: number,
): [first: number, end: number] {
  if (moveMs === 0) return fromMs <= firstMs && firstMs < untilMs ? [0, grid.count] : [0, 0];
  const first = Math.max(0, Math.ceil((fromMs - firstMs) / moveMs));
  const end = Math.min(grid.count, Math.ceil((untilMs - firstMs) / moveMs));
  return [first, end];
}
