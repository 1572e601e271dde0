import type {Matcher} from '@narthex/model/matcher.ts';
import {isStaleAt} from '@narthex/model/stale.ts';
import type {SourceRange} from '../parse/ast.ts';
import type {SeriesSet} from '../storage.ts';
import {weightOfCells} from './histogram-weight.ts';
import {labelSetIdOf} from './label-table.ts';
import type {AnnotationPlace} from './annotations.ts';
import {cellsOfExtents} from './foresight.ts';
import type {LabelDemand, Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {executionError, type QueryError} from './query-error.ts';
import type {RowBatch} from './row-batch.ts';
import {SampleBuffer} from './sample-buffer.ts';
import {haveOneName, SeriesLabels} from './series-labels.ts';
import {SmoothedCells} from './smoothed-cells.ts';
import {type StepGrid, stepTime, stretchOf} from './step-grid.ts';
import {annotate} from './window-notes.ts';

export interface SelectorOptions {
  readonly matchers: readonly Matcher[];
  readonly grid: StepGrid;
  /** The time looked up at the first step, in ms: offset and `@` are in it. */
  readonly firstMs: number;
  /** How far the time looked up moves from step to step; 0 under `@`. */
  readonly moveMs: number;
  /** An offset that samples are selected by though times are looked up without it, in ms. */
  readonly forgottenOffsetMs?: number;
  readonly demand: LabelDemand;
  /**
   * What a cell holds: the newest sample's value; its time or its start timestamp in seconds, `floatTime` refusing histograms; or the value on the line
   * between the samples around the step (`smoothed`).
   */
  readonly wanted: 'value' | 'time' | 'floatTime' | 'start' | 'smoothed';
  readonly dropName: boolean;
  /** Nothing but count and sum of histograms is wanted. */
  readonly isStatsOnly: boolean;
  /** Where the selector stands in the query, if it does: there is something to say where it is smoothed. */
  readonly range: SourceRange | undefined;
}

/** The times of samples that may be seen, in ms. */
function selectedBy({grid, firstMs, moveMs, forgottenOffsetMs = 0}: SelectorOptions, lookbackMs: number) {
  const from = firstMs - lookbackMs + 1 + Math.max(0, -forgottenOffsetMs);
  const to = firstMs + Math.max(0, grid.count - 1) * moveMs - Math.max(0, forgottenOffsetMs);
  // Nothing: what is too old for every step.
  return from > to ? {from: firstMs - lookbackMs, to: firstMs - lookbackMs} : {from, to};
}

/** An instant vector selector: at each step the newest sample within the lookback, unless it is a stale marker. */
export class Selector implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #options: SelectorOptions;
  readonly #notes: AnnotationPlace | undefined;
  readonly #set: SeriesSet;
  readonly #labels: SeriesLabels;
  readonly #buffer: SampleBuffer;
  /** For smoothed series with histograms; made for the first of them. */
  #smoothed: SmoothedCells | undefined;
  #series = 0;

  constructor(context: QueryContext, options: SelectorOptions) {
    const {matchers, grid, firstMs, moveMs, demand, wanted} = options;
    const after = wanted === 'smoothed' ? context.options.lookbackMs : 0;
    this.grid = grid;
    this.#context = context;
    this.#options = options;
    this.#notes = options.range === undefined ? undefined : context.annotations.at(options.range);
    this.distinctWithoutName = haveOneName(context, matchers);
    const {from, to} = selectedBy(options, context.options.lookbackMs);
    this.#set = context.querier.select(matchers, from, to + after);
    this.#labels = new SeriesLabels(context, this.#set, demand, options.dropName);
    // A smoothed selector reads on from the first step to the last.
    const all = wanted === 'smoothed' ? grid.count * moveMs : 0;
    const backMs = context.options.lookbackMs + after + all;
    const statsAt = options.isStatsOnly ? {firstMs: firstMs + after, moveMs, steps: grid.count, backMs} : undefined;
    this.#buffer = new SampleBuffer(context, {wantsStarts: wanted === 'start', statsAt});
  }

  next(out: RowBatch): boolean {
    this.#context.checkpoint();
    if (this.#series === 0) this.#context.refuseWork(this.cellsAtLeast());
    out.clear();
    while (out.rows === 0 && this.#series < this.#set.length && this.grid.count > 0) {
      if (this.grid.count === 1 && this.#readsNewest) this.#fillSingles(out);
      else this.#fillRows(out);
    }
    return out.rows > 0;
  }

  cellsAtLeast(): number {
    const {firstMs, moveMs} = this.#options;
    const {lookbackMs} = this.#context.options;
    // Between steps that are further apart a series may hide.
    if (moveMs > lookbackMs) return 0;
    return cellsOfExtents(this.#set, this.grid, firstMs, moveMs, lookbackMs);
  }

  close(): void {
    this.#buffer.free();
    this.#smoothed?.free();
  }

  /** Nothing but the newest sample is looked at where there is one step. */
  get #readsNewest(): boolean {
    const {wanted, isStatsOnly} = this.#options;
    return wanted === 'time' || (wanted === 'value' && !isStatsOnly);
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
    this.#countCells(values, rows, present, 0, 0);
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
    const {times, histograms} = this.#buffer;
    const {f64} = this.#context.heap.memory;
    if (count === 0) return;
    const newest = f64[(times >>> 3) + count - 1];
    // Samples behind a step count where histograms are smoothed: there may be something to say.
    const before = wanted === 'smoothed' && !histograms.isEmpty ? lookbackMs : 0;
    const [first, end] = stretchOf(this.grid, firstMs, moveMs, f64[times >>> 3] - before, newest + lookbackMs);
    if (first >= end) return;
    const cells = out.push(this.#labels.of(this.#series), first, end - first);
    const present = this.#fillCells(count, firstMs + first * moveMs, end - first, cells, out);
    this.#countCells(cells, end - first, present, first, 1);
    if (present === 0) out.pop();
  }

  #fillCells(count: number, fromMs: number, steps: number, cells: number, out: RowBatch): number {
    const {wanted} = this.#options;
    if (wanted === 'smoothed') return this.#fillSmoothed(count, fromMs, steps, cells, out);
    if (wanted === 'start') this.#takeStarts(count);
    const {kernels} = this.#context.heap.memory;
    const {times, values, histograms} = this.#buffer;
    const {moveMs} = this.#options;
    const {lookbackMs} = this.#context.options;
    const hasHistograms = !histograms.isEmpty;
    const find = (wantTimes: boolean) =>
      kernels.instantSteps(times, values, count, fromMs, moveMs, steps, lookbackMs, wantTimes, hasHistograms, cells);
    if (wanted === 'floatTime' && hasHistograms) {
      find(false);
      if (kernels.cellsHistograms(cells, steps) > 0) throw this.#noInfoSeries();
    }
    const present = find(wanted === 'time' || wanted === 'floatTime');
    if (hasHistograms && present > 0) out.histograms.adopt(cells, steps);
    return present;
  }

  #fillSmoothed(count: number, fromMs: number, steps: number, cells: number, out: RowBatch): number {
    const {moveMs} = this.#options;
    const {times, values, histograms} = this.#buffer;
    const {kernels} = this.#context.heap.memory;
    const {lookbackMs} = this.#context.options;
    if (histograms.isEmpty)
      return kernels.smoothedSteps(times, values, count, fromMs, moveMs, steps, lookbackMs, cells);
    this.#smoothed ??= new SmoothedCells(this.#context);
    const columns = {times, values, starts: 0, count};
    const present = this.#smoothed.smooth(columns, fromMs, moveMs, steps, cells, out.histograms);
    const {notes} = this.#smoothed;
    if (notes !== 0 && this.#notes !== undefined) {
      annotate(this.#notes, notes, this.#labels.nameAndType(this.#series).name);
    }
    return present;
  }

  #noInfoSeries(): QueryError {
    const labels = this.#context.labels.labels(labelSetIdOf(this.#labels.of(this.#series)));
    return executionError(`this should be an info metric, with float samples: ${labels}`);
  }

  /** Makes the values of samples, stale markers aside, their start timestamps in seconds. */
  #takeStarts(count: number): void {
    const {f64, u32} = this.#context.heap.memory;
    const {values, starts} = this.#buffer;
    for (let i = 0; i < count; i++) {
      if (!isStaleAt(u32, (values >>> 3) + i)) f64[(values >>> 3) + i] = f64[(starts >>> 3) + i] / 1000;
    }
  }

  /** Counts what was looked up, as upstream does: nothing where it smooths. */
  #countCells(cells: number, count: number, present: number, firstStep: number, move: 0 | 1): void {
    const {wanted} = this.#options;
    if (wanted === 'smoothed') return;
    const {heap, stats} = this.#context;
    const isWeighed = wanted === 'value' && !this.#buffer.histograms.isEmpty;
    if (stats.isTimed) {
      for (let i = 0; i < count; i++) {
        const cell = cells + i * 8;
        const weight = isWeighed ? weightOfCells(heap.memory, cell, 1) : heap.memory.kernels.cellsCount(cell, 1);
        if (weight > 0) stats.countAt(stepTime(this.grid, firstStep + i * move), weight, weight);
      }
      return;
    }
    const weight = isWeighed ? weightOfCells(heap.memory, cells, count) : present;
    stats.count(weight, weight);
  }
}
