import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {EXTENDED, OVER_TIME, RATES} from './ops.ts';

/** How windows are cut: as they are, or with values at their ends (`anchored`, `smoothed`). */
export type WindowMode = 'plain' | 'anchored' | 'smoothed';

/** One series and the windows over it; one object is used for all series of a function. */
export interface WindowTask {
  /** Addresses of the samples and of scratch space as large. */
  times: number;
  values: number;
  scratch: number;
  count: number;
  /** End of the first window and the steps between windows, in ms. */
  firstMs: number;
  readonly moveMs: number;
  steps: number;
  readonly rangeMs: number;
  readonly rangeSeconds: number;
  /** Time of the first step itself, and between steps. */
  nowMs: number;
  readonly stepMs: number;
  /** Addresses of parameters, one f64 a step; 0 where there is none. */
  a: number;
  b: number;
  readonly mode: WindowMode;
  /** How far an extended window looks before its start and behind its end. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Where the cells go, and two f64 that samples are counted in. */
  cells: number;
  readonly stats: number;
}

/** Computes a function over all windows of a series by its kernel; returns how many cells are present. */
export function computeWindows(memory: KernelMemory, name: string, task: WindowTask): number {
  if (task.mode !== 'plain') return computeExtended(memory, name, task);
  const {kernels} = memory;
  const {times, values, scratch, count, firstMs, moveMs, steps, rangeMs, cells, stats} = task;
  switch (name) {
    case 'rate':
    case 'increase':
    case 'delta': {
      const flags = RATES[name];
      const seconds = task.rangeSeconds;
      return kernels.rateSteps(
        times,
        values,
        count,
        firstMs,
        moveMs,
        steps,
        rangeMs,
        seconds,
        flags,
        scratch,
        cells,
        stats,
      );
    }
    case 'irate':
    case 'idelta': {
      const isRate = name === 'irate';
      return kernels.instantRateSteps(times, values, count, firstMs, moveMs, steps, rangeMs, isRate, cells, stats);
    }
    case 'min_over_time':
    case 'max_over_time': {
      const sign = name === 'max_over_time' ? 1 : -1;
      return kernels.extremeSteps(sign, times, values, count, firstMs, moveMs, steps, rangeMs, scratch, cells, stats);
    }
    default: {
      const op = OVER_TIME[name as keyof typeof OVER_TIME];
      const {nowMs, stepMs, a, b} = task;
      return kernels.overTimeSteps(
        op,
        times,
        values,
        count,
        firstMs,
        moveMs,
        steps,
        rangeMs,
        nowMs,
        stepMs,
        a,
        b,
        scratch,
        cells,
        stats,
      );
    }
  }
}

function computeExtended(memory: KernelMemory, name: string, task: WindowTask): number {
  const isCount = name === 'changes' || name === 'resets';
  return memory.kernels.extendedSteps(
    isCount ? EXTENDED[name] : EXTENDED.change,
    isCount ? 0 : RATES[name as keyof typeof RATES],
    task.mode === 'smoothed',
    task.times,
    task.values,
    task.count,
    task.firstMs,
    task.moveMs,
    task.steps,
    task.rangeMs,
    task.rangeSeconds,
    task.beforeMs,
    task.afterMs,
    task.cells,
    task.stats,
  );
}
