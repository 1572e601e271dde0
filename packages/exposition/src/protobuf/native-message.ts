import {COUNTER_RESET} from '@narthex/model/histogram/float-histogram.ts';
import {type NativeHistogram, type SpanBuckets, SpanWriter} from '../native-histogram.ts';
import type {HistogramMessage, SideMessage} from './histogram-message.ts';

/**
 * Why the native part of the message cannot be a histogram, in upstream's words: its spans speak of other buckets than
 * it has. Undefined when it can.
 */
export function nativeFault(message: HistogramMessage): string | undefined {
  const {positive, negative, isFloat} = message;
  return sideFault('positive', positive, isFloat) ?? sideFault('negative', negative, isFloat);
}

function sideFault(name: string, side: SideMessage, isFloat: boolean): string | undefined {
  const {spanned} = side;
  const buckets = isFloat ? side.counts.length : side.deltas.length;
  return spanned === buckets ? undefined : `${name} side: spans require ${spanned} buckets, have ${buckets}`;
}

/** Fills `into` with the native part of a message without `nativeFault`. */
export function takeNative(message: HistogramMessage, isGauge: boolean, into: NativeHistogram): void {
  const {isFloat} = message;
  into.clear();
  into.isFloat = isFloat;
  into.counterReset = isGauge ? COUNTER_RESET.gauge : COUNTER_RESET.unknown;
  into.schema = message.schema;
  into.zeroThreshold = message.zeroThreshold;
  into.zeroCount = isFloat ? message.zeroCountFloat : message.zeroCount;
  into.count = isFloat ? message.sampleCountFloat : message.sampleCount;
  into.sum = message.sampleSum;
  takeSide(message.positive, isFloat, into.positive);
  takeSide(message.negative, isFloat, into.negative);
}

function takeSide(side: SideMessage, isFloat: boolean, into: SpanBuckets): void {
  const isCompact = takeCounts(side, isFloat, into) && areSpansCompact(side);
  if (isCompact) takeSpans(side, into);
  else compact(side, into);
}

/** Takes all counts; whether none is 0. */
function takeCounts(side: SideMessage, isFloat: boolean, into: SpanBuckets): boolean {
  const {values, length} = isFloat ? side.counts : side.deltas;
  into.clear();
  into.reserve(length);
  const {counts} = into;
  let allFilled = true;
  let count = 0;
  for (let i = 0; i < length; i++) {
    count = isFloat ? values[i] : count + values[i];
    counts[i] = count;
    if (count === 0) allFilled = false;
  }
  into.bucketCount = length;
  return allFilled;
}

function areSpansCompact({offsets, lengths}: SideMessage): boolean {
  for (let i = 0; i < offsets.length; i++) {
    if (lengths.values[i] === 0 || (i > 0 && offsets.values[i] <= 0)) return false;
  }
  return true;
}

function takeSpans({offsets, lengths}: SideMessage, into: SpanBuckets): void {
  for (let i = 0; i < offsets.length; i++) into.addSpan(offsets.values[i], lengths.values[i]);
}

function compact({offsets, lengths}: SideMessage, into: SpanBuckets): void {
  const counts = into.counts.slice(0, into.bucketCount);
  const writer = new SpanWriter(into, 0);
  let bucket = 0;
  for (let span = 0; span < offsets.length; span++) {
    writer.skip(offsets.values[span]);
    for (let i = lengths.values[span] >>> 0; i > 0; i--) writer.add(counts[bucket++]);
  }
}
