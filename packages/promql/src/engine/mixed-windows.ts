import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {HistogramArena} from './histogram-arena.ts';
import {ExtendedRate} from './mixed-extended-rate.ts';
import {InstantRate} from './mixed-instant-rate.ts';
import {floatOf, IGNORE_HISTOGRAMS, sampleOf} from './mixed-over-time.ts';
import {MixedRate} from './mixed-rate.ts';
import {MixedSeries} from './mixed-series.ts';
import {AverageHistograms, SumHistograms} from './mixed-sum.ts';
import {CountSwitches} from './mixed-switches.ts';
import {type MixedFunction, MixedWindow} from './mixed-window.ts';
import {RATES} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import type {SampleSource} from './sample-source.ts';
import {computeWindows, type WindowTask} from './window-kernels.ts';

const START_FUNCTIONS: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'resets']);

/** Whether a series has what kernels don't know: histograms, or start timestamps that the function looks at. */
export function needsMixedWindows(memory: KernelMemory, name: string, source: SampleSource): boolean {
  if (source.hasHistograms) return true;
  if (source.starts === 0 || !START_FUNCTIONS.has(name)) return false;
  const begin = source.starts >>> 3;
  for (let i = 0; i < source.count; i++) if (memory.f64[begin + i] !== 0) return true;
  return false;
}

/** A function over the windows of series with histograms or start timestamps: slides over the samples and decides window by window. */
export class MixedWindows {
  readonly #context: QueryContext;
  readonly #name: string;
  readonly #series: MixedSeries;
  readonly #window: MixedWindow;
  readonly #function: MixedFunction;

  constructor(context: QueryContext, name: string, task: WindowTask) {
    this.#context = context;
    this.#name = name;
    this.#series = new MixedSeries(context);
    this.#window = new MixedWindow(context, this.#series);
    this.#function = functionOf(context, name, task);
  }

  /** Bits of NOTE about the windows of the series before. */
  get notes(): number {
    return this.#window.notes;
  }

  /** Windows of the series before with overlapping start timestamps. */
  get overlaps(): number {
    return this.#window.overlaps;
  }

  /** Computes the cells of a task, whose columns are those of `source`; returns how many are present. Records of results go to `target`. */
  compute(source: SampleSource, task: WindowTask, target: HistogramArena): number {
    const {memory} = this.#context.heap;
    const usesStarts = source.starts !== 0 && START_FUNCTIONS.has(this.#name);
    const {times, values, count} = source;
    this.#series.load({times, values, count, starts: usesStarts ? source.starts : 0});
    this.#fillFloats(task);
    this.#function.begin?.(this.#series);
    this.#window.slide(task, this.#function, target);
    memory.f64[task.stats >>> 3] = this.#window.queryable;
    memory.f64[(task.stats >>> 3) + 1] = this.#window.read;
    return memory.kernels.cellsCount(task.cells, task.steps);
  }

  free(): void {
    this.#series.free();
    this.#function.free?.();
  }

  /** The kernel's results for the floats alone, where they are needed. */
  #fillFloats(task: WindowTask): void {
    const {memory} = this.#context.heap;
    const {floatTimes, floatValues, floatCount} = this.#series;
    if (!this.#function.usesKernel || floatCount === 0) {
      memory.kernels.cellsClear(task.cells, task.steps);
      return;
    }
    computeWindows(memory, this.#name, {...task, times: floatTimes, values: floatValues, count: floatCount});
  }
}

function functionOf(context: QueryContext, name: string, task: WindowTask): MixedFunction {
  switch (name) {
    case 'rate':
    case 'increase':
    case 'delta': {
      const isCounter = (RATES[name] & 1) !== 0;
      const kind = {isCounter, perSeconds: name === 'rate' ? task.rangeSeconds : undefined};
      if (task.mode !== 'plain') return new ExtendedRate(kind, task.mode === 'smoothed');
      return new MixedRate(context, kind, isCounter && context.options.useStartTimestamps);
    }
    case 'irate':
    case 'idelta':
      return new InstantRate(name === 'irate');
    case 'changes':
    case 'resets':
      return new CountSwitches(context, name, task.mode === 'anchored');
    case 'sum_over_time':
      return new SumHistograms();
    case 'avg_over_time':
      return new AverageHistograms();
    case 'count_over_time':
    case 'absent_over_time':
      return floatOf((window) => window.samples);
    case 'present_over_time':
      return floatOf(() => 1);
    case 'first_over_time':
      return sampleOf('first');
    case 'last_over_time':
      return sampleOf('last');
    case 'ts_of_first_over_time':
      return floatOf(({series, from}) => series.time(from) / 1000);
    case 'ts_of_last_over_time':
      return floatOf(({series, end}) => series.time(end - 1) / 1000);
    default:
      return IGNORE_HISTOGRAMS;
  }
}
