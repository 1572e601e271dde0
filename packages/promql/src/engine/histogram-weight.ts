import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord, type RecordViews} from '@narthex/model/histogram/record.ts';
import {upstreamBytes} from '@narthex/model/histogram/size.ts';
import {isHistogramAt} from './histogram-arena.ts';

/** Bytes of one sample of a float in upstream's memory: time and value. */
const SAMPLE_BYTES = 16;
const TIME_BYTES = 8;

// Only looked at within one call.
const sheet = new FloatHistogram();

/** How many float samples a histogram counts as in statistics, as upstream has it. */
export function weightOf(views: RecordViews, record: number): number {
  readRecord(views, record, sheet);
  return Math.floor((upstreamBytes(sheet) + TIME_BYTES) / SAMPLE_BYTES);
}

/** How many float samples `count` cells count as: absent ones as none. */
export function weightOfCells(memory: KernelMemory, cells: number, count: number): number {
  const {u32, kernels} = memory;
  let weight = kernels.cellsCount(cells, count) - kernels.cellsHistograms(cells, count);
  let known = 0;
  let knownWeight = 0;
  for (let cell = cells; cell < cells + count * 8; cell += 8) {
    if (!isHistogramAt(u32, cell)) continue;
    // Neighbours often are the same histogram.
    if (u32[cell >>> 2] !== known) {
      known = u32[cell >>> 2];
      knownWeight = weightOf(memory, known);
    }
    weight += knownWeight;
  }
  return weight;
}
