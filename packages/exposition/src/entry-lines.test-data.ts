import {COUNTER_RESET} from '@narthex/model/histogram/float-histogram.ts';
import {type EntryKind, EntryKind as Kind, type EntryParser} from './entry.ts';
import type {NativeHistogram, SpanBuckets} from './native-histogram.ts';

/** Every entry of `body` as a line of text: what tests of parsers compare. */
export function entryLines(parser: EntryParser, body: Uint8Array): string[] {
  parser.reset(body);
  const lines: string[] = [];
  for (let kind = parser.next(); kind !== Kind.End; kind = parser.next()) lines.push(lineOf(parser, kind));
  return lines;
}

function lineOf(parser: EntryParser, kind: EntryKind): string {
  switch (kind) {
    case Kind.Help:
      return `HELP ${parser.name()} ${parser.text()}`;
    case Kind.Type:
      return `TYPE ${parser.name()} ${parser.text()}`;
    case Kind.Unit:
      return `UNIT ${parser.name()} ${parser.text()}`;
    case Kind.Comment:
      return parser.text();
    default:
      return sampleLine(parser, kind === Kind.Series ? String(parser.values[0]) : histogramText(parser.histogram));
  }
}

/** `name{labels} value @time since start # exemplar ...`, 0xff of series bytes as a bar. */
function sampleLine(parser: EntryParser, value: string): string {
  const {seriesBytes, seriesStart, seriesEnd} = parser;
  const series = Buffer.from(seriesBytes.subarray(seriesStart, seriesEnd));
  let line = `${series.toString('latin1').replaceAll('\xff', '|')} ${value}`;
  if (parser.hasTimestamp) line += ` @${parser.timestampMs}`;
  if (parser.startTimestampMs() !== 0) line += ` since ${parser.startTimestampMs()}`;
  while (parser.nextExemplar()) {
    const labels: string[] = [];
    parser.exemplarLabels({set: (name, text) => labels.push(`${name}=${text}`)});
    line += ` # ${labels.join()} ${parser.values[1]}`;
    if (parser.hasExemplarTimestamp) line += ` @${parser.exemplarTimestampMs}`;
  }
  return line;
}

/** `int 3/0.5 schema 1 zero 1/0.1 + 2:1,2 - 0:3`: count/sum, and buckets as offset:counts of each span. */
export function histogramText(histogram: NativeHistogram): string {
  const {isFloat, count, sum, schema, zeroCount, zeroThreshold, positive, negative, customBounds} = histogram;
  let text = `${isFloat ? 'float' : 'int'} ${count}/${sum} schema ${schema}`;
  if (histogram.counterReset === COUNTER_RESET.gauge) text += ' gauge';
  if (zeroCount !== 0 || zeroThreshold !== 0) text += ` zero ${zeroCount}/${zeroThreshold}`;
  if (positive.spanCount > 0) text += ` + ${spansText(positive)}`;
  if (negative.spanCount > 0) text += ` - ${spansText(negative)}`;
  return customBounds.length === 0 ? text : `${text} bounds ${[...customBounds].join()}`;
}

function spansText({offsets, lengths, spanCount, counts}: SpanBuckets): string {
  const spans: string[] = [];
  let bucket = 0;
  for (let i = 0; i < spanCount; i++) {
    spans.push(`${offsets[i]}:${[...counts.subarray(bucket, bucket + lengths[i])].join()}`);
    bucket += lengths[i];
  }
  return spans.join(' ');
}
