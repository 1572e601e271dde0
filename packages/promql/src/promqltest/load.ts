import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {bitsOf, type MemoryStorage, OrderError} from '../memory-storage/memory-storage.ts';
import {type ClassicSample, convertClassicHistograms} from './classic-histograms.ts';
import {histogramOf} from './histogram-values.ts';
import {type LoadCommand, type LoadSeries, ScriptError} from './script.ts';

/** Adds what a `load` command says to a storage. Throws ScriptError where it does not fit to what is there or to itself. */
export function load(storage: MemoryStorage, command: LoadCommand): void {
  try {
    for (const series of command.series) loadSeries(storage, series, command.stepMs);
    if (!command.withCustomBuckets) return;
    for (const {labels, timeMs, histogram} of convertClassicHistograms(floatsOf(command))) {
      storage.appendHistogram(labels, timeMs, histogram);
    }
  } catch (error) {
    if (error instanceof OrderError) throw new ScriptError(error.message, {cause: error});
    throw error;
  }
}

function loadSeries(storage: MemoryStorage, {labels, values, starts}: LoadSeries, stepMs: number): void {
  for (const [i, value] of values.entries()) {
    const timeMs = i * stepMs;
    const start = starts?.[i];
    const startMs = start === undefined ? 0 : timeMs + start;
    if (value.kind === 'float') storage.append(labels, timeMs, bitsOf(value.value), startMs);
    else if (value.kind === 'stale') storage.append(labels, timeMs, STALE_NAN_BITS, startMs);
    else if (value.kind === 'histogram') {
      storage.appendHistogram(labels, timeMs, histogramOf(value.histogram), startMs);
    }
  }
}

function* floatsOf({series, stepMs}: LoadCommand): Generator<ClassicSample> {
  for (const {labels, values} of series) {
    for (const [i, value] of values.entries()) {
      if (value.kind === 'float') yield {labels, timeMs: i * stepMs, value: value.value};
      else if (value.kind === 'stale') yield {labels, timeMs: i * stepMs, value: NaN};
    }
  }
}
