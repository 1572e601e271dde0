import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Span} from './framing.ts';
import {
  RECORD_CUSTOM_FLOAT_HISTOGRAMS,
  RECORD_CUSTOM_HISTOGRAMS,
  RECORD_FLOAT_HISTOGRAMS,
  RECORD_FLOAT_HISTOGRAMS_2,
  RECORD_HISTOGRAMS,
  RECORD_HISTOGRAMS_2,
} from './record-types.ts';
import type {LoggedSamples} from './sample-run.ts';

// Kinds of samples are bits: of floats, of histograms of integers (and those with custom buckets), of floats (and custom buckets).
const FLOATS = 1;
const INTEGERS = 2;
const INTEGERS_CUSTOM = 4;
const FLOAT_HISTOGRAMS = 8;
const FLOAT_HISTOGRAMS_CUSTOM = 16;

/** The histograms of a batch by the records they go to, in upstream's order. */
const FIRST_FORM: readonly (readonly [kinds: number, type: number])[] = [
  [INTEGERS, RECORD_HISTOGRAMS],
  [INTEGERS_CUSTOM, RECORD_CUSTOM_HISTOGRAMS],
  [FLOAT_HISTOGRAMS, RECORD_FLOAT_HISTOGRAMS],
  [FLOAT_HISTOGRAMS_CUSTOM, RECORD_CUSTOM_FLOAT_HISTOGRAMS],
];
const SECOND_FORM: typeof FIRST_FORM = [
  [INTEGERS | INTEGERS_CUSTOM, RECORD_HISTOGRAMS_2],
  [FLOAT_HISTOGRAMS | FLOAT_HISTOGRAMS_CUSTOM, RECORD_FLOAT_HISTOGRAMS_2],
];

const BATCH_TABLE_BYTES = 64 * 1024;

/**
 * Encode samples to new space of the memory: records for floats, then for histograms by kind, in upstream's order. They have start times
 * where `samples` has. Where a series has samples of more than one kind, so many batches follow each other that their order stays.
 */
export function encodeSampleRecords(samples: LoggedSamples): Span[] {
  const {memory, values, count} = samples;
  if (count === 0) return [];
  const kinds = memory.kernels.walKinds(values, count);
  if (kinds === FLOATS) return [encodeFloats(samples)];
  return batchesOf(samples).flatMap((batch) => encodeBatch(batch));
}

function batchesOf(samples: LoggedSamples): LoggedSamples[] {
  const {memory, refs, values, starts, count} = samples;
  const second = starts === 0 ? 0 : 1;
  const table = memory.alloc(BATCH_TABLE_BYTES);
  const batches: LoggedSamples[] = [];
  for (let from = 0; from < count;) {
    const to = memory.kernels.walBatchEnd(refs, values, from, count, second, table) >>> 0;
    batches.push(sliceSamples(samples, from, to));
    from = to;
  }
  return batches;
}

function encodeBatch(batch: LoggedSamples): Span[] {
  const {memory, values, count, starts} = batch;
  const kinds = memory.kernels.walKinds(values, count);
  const records: Span[] = [];
  if ((kinds & FLOATS) !== 0) records.push(encodeFloats(takeKinds(batch, FLOATS)));
  for (const [wanted, type] of starts === 0 ? FIRST_FORM : SECOND_FORM) {
    if ((kinds & wanted) !== 0) records.push(encodeHistograms(takeKinds(batch, wanted), type));
  }
  return records;
}

function takeKinds({memory, refs, times, values, starts, count}: LoggedSamples, kinds: number): LoggedSamples {
  const to = {refs: columnOf(memory, count), times: columnOf(memory, count), values: columnOf(memory, count)};
  const toStarts = starts === 0 ? 0 : columnOf(memory, count);
  const from = [refs, times, values, starts] as const;
  const taken = memory.kernels.walTakeKinds(...from, count, kinds, to.refs, to.times, to.values, toStarts) >>> 0;
  return {memory, ...to, starts: toStarts, count: taken};
}

const columnOf = (memory: KernelMemory, count: number): number => memory.alloc(count * 8);

function encodeFloats({memory, refs, times, values, starts, count}: LoggedSamples): Span {
  const {kernels} = memory;
  const at = memory.alloc(kernels.walSamplesMax(count) >>> 0);
  const length =
    starts === 0
      ? kernels.walEncodeSamples(refs, times, values, count, at) >>> 0
      : kernels.walEncodeStartedSamples(refs, times, values, starts, count, at) >>> 0;
  memory.resizeLast(at, length);
  return {at, length};
}

function encodeHistograms({memory, refs, times, values, starts, count}: LoggedSamples, type: number): Span {
  const {kernels} = memory;
  const at = memory.alloc(kernels.walHistogramsMax(values, count) >>> 0);
  const length = kernels.walEncodeHistograms(type, refs, times, values, starts, count, at) >>> 0;
  memory.resizeLast(at, length);
  return {at, length};
}

/** The samples from `from` to `to` of a batch. */
export function sliceSamples(samples: LoggedSamples, from: number, to: number): LoggedSamples {
  const {memory, refs, times, values, starts} = samples;
  const offset = from * 8;
  return {
    memory,
    refs: refs + offset,
    times: times + offset,
    values: values + offset,
    starts: starts === 0 ? 0 : starts + offset,
    count: to - from,
  };
}
