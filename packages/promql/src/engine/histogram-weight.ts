import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord, type RecordViews} from '@narthex/model/histogram/record.ts';
import {upstreamBytes} from '@narthex/model/histogram/size.ts';

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
