import type {Buckets, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Answer, AnswerSample, AnswerValue, FailedAnswer} from '../promqltest/script-engine.ts';

/** The first thing in which two answers differ, each as a text; undefined: they are the same to the last bit. All NaNs are the same. `hasOrder`: so is the order of rows. */
export function differenceOf(
  found: Answer | FailedAnswer,
  wanted: Answer | FailedAnswer,
  hasOrder: boolean,
): {found: string; wanted: string} | undefined {
  const [a, b] = [linesOf(found, hasOrder), linesOf(wanted, hasOrder)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] !== b[i]) return {found: a[i] ?? 'nothing more', wanted: b[i] ?? 'nothing more'};
  }
  return undefined;
}

/** An answer line by line, sorted where the order of rows does not count. */
function linesOf(answer: Answer | FailedAnswer, hasOrder: boolean): string[] {
  if ('error' in answer) return [`error: ${answer.error}`];
  const {warnings, infos, value} = answer;
  const rows = valueLines(value);
  return [
    ...(hasOrder ? rows : rows.toSorted()),
    ...warnings.toSorted().map((text) => `warning: ${text}`),
    ...infos.toSorted().map((text) => `info: ${text}`),
  ];
}

function valueLines(value: AnswerValue): string[] {
  if (value.type === 'string') return [`string ${value.text}`];
  if (value.type === 'scalar') return [`scalar ${sampleText(value.sample)}`];
  const rows = value.rows.map(({labels, samples}) => `${labels} ${samples.map(sampleText).join(' ')}`);
  return [`${value.type} of ${rows.length}`, ...rows];
}

function sampleText({timeMs, value, histogram}: AnswerSample): string {
  return `${histogram === undefined ? floatText(value) : histogramText(histogram)}@${timeMs}`;
}

const floatText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

function histogramText(histogram: FloatHistogram): string {
  const {schema, counterReset, zeroThreshold, zeroCount, count, sum, positive, negative, customBounds} = histogram;
  const numbers = [schema, counterReset, zeroThreshold, zeroCount, count, sum].map(floatText).join(' ');
  const buckets = `${bucketsText(positive)} / ${bucketsText(negative)}`;
  return `{${numbers} [${buckets}] [${[...customBounds].map(floatText).join(' ')}]}`;
}

const bucketsText = ({indexes, counts, length}: Buckets): string =>
  Array.from({length}, (_, i) => `${indexes[i]}:${floatText(counts[i])}`).join(' ');
