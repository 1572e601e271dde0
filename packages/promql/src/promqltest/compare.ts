import {compareLabels, formatMetric} from '@narthex/model/labels.ts';
import {formatFloat} from '@narthex/model/value.ts';
import type {SequenceValue} from '../parse/series-description.ts';
import {histogramOf, isAlmost, isAlmostHistogram, showHistogram} from './histogram-values.ts';
import type {EvalCommand, ScriptSeries} from './script.ts';
import type {AnswerRow, AnswerSample, AnswerValue} from './script-engine.ts';

/** What was expected and what came instead. */
export interface Difference {
  readonly expected: string;
  readonly got: string;
}

/** How the value of an answer differs from what a command expects; undefined when it does not. `timeMs` is that of an instant query. */
export function compareValue(command: EvalCommand, value: AnswerValue, timeMs: number): Difference | undefined {
  switch (value.type) {
    case 'string':
      return command.string === value.text ? undefined : differenceOf(command, JSON.stringify(value.text));
    case 'scalar': {
      const {scalar} = command;
      const isSame = scalar !== undefined && isAlmost(value.sample.value, scalar) && value.sample.timeMs === timeMs;
      return isSame ? undefined : differenceOf(command, `scalar ${showSample(value.sample)}`);
    }
    case 'vector': {
      const isMatch = !command.isRangeVector && compareVector(command, value.rows, timeMs);
      return isMatch ? undefined : differenceOf(command, `vector ${showRows(value.rows)}`);
    }
    case 'matrix': {
      const isMatch = (command.isRange || command.isRangeVector) && compareMatrix(command, value.rows);
      const order = isSorted(value.rows) ? '' : ' not sorted by labels';
      return isMatch ? undefined : differenceOf(command, `matrix ${showRows(value.rows)}${order}`);
    }
    default:
      return value satisfies never;
  }
}

function differenceOf(command: EvalCommand, got: string): Difference {
  return {expected: showExpected(command), got};
}

function compareVector(command: EvalCommand, rows: readonly AnswerRow[], timeMs: number): boolean {
  if (command.scalar !== undefined || command.string !== undefined) return false;
  const fits = (row: AnswerRow, {values}: ScriptSeries) =>
    row.samples.length === 1 && isSame(row.samples[0], values[0], timeMs);
  return command.isOrdered
    ? rows.length === command.series.length &&
        rows.every((row, i) => row.labels.equals(command.series[i].labels) && fits(row, command.series[i]))
    : compareRows(rows, command.series, fits);
}

function compareMatrix(command: EvalCommand, rows: readonly AnswerRow[]): boolean {
  const {startMs, stepMs} = command;
  if (command.scalar !== undefined || command.string !== undefined || command.isOrdered || !isSorted(rows))
    return false;
  return compareRows(rows, command.series, ({samples}, {values}) => {
    if (!hasRoom(command, values)) return false;
    const present = values.flatMap((value, i) => (value.kind === 'omitted' ? [] : [{value, i}]));
    return (
      present.length === samples.length &&
      present.every(({value, i}, at) => isSame(samples[at], value, startMs + i * stepMs))
    );
  });
}

/** Whether the range of the query has as many steps as there are values, omitted ones included. */
function hasRoom({startMs, stepMs, endMs}: EvalCommand, values: readonly SequenceValue[]): boolean {
  return startMs + (values.length - 1) * stepMs <= endMs;
}

export function isSorted(rows: readonly AnswerRow[]): boolean {
  return rows.every(({labels}, i) => i === 0 || compareLabels(rows[i - 1].labels, labels) <= 0);
}

/** Whether rows and series pair up by their labels, each with one, and all pairs fit. */
function compareRows(
  rows: readonly AnswerRow[],
  series: readonly ScriptSeries[],
  fits: (row: AnswerRow, series: ScriptSeries) => boolean,
): boolean {
  const wanted = new Map(series.map((one) => [one.labels.toString(), one]));
  return (
    rows.length === wanted.size &&
    rows.every((row) => {
      const key = row.labels.toString();
      const want = wanted.get(key);
      wanted.delete(key);
      return want !== undefined && fits(row, want);
    })
  );
}

function isSame(got: AnswerSample, want: SequenceValue, timeMs: number): boolean {
  if (got.timeMs !== timeMs) return false;
  if (want.kind === 'histogram') {
    return got.histogram !== undefined && isAlmostHistogram(got.histogram, histogramOf(want.histogram), want.hintSet);
  }
  return want.kind === 'float' && got.histogram === undefined && isAlmost(got.value, want.value);
}

function showExpected(command: EvalCommand): string {
  const {scalar, string, series} = command;
  if (string !== undefined) return JSON.stringify(string);
  if (scalar !== undefined) return `scalar ${formatFloat(scalar)}`;
  const {startMs, stepMs} = command;
  const isMatrix = command.isRange || command.isRangeVector;
  const shown = series.map(({labels, values}) => {
    const samples = values.flatMap((value, i) =>
      value.kind === 'omitted' ? [] : [`${showValue(value)} @${startMs + i * stepMs}`],
    );
    const excess = isMatrix && !hasRoom(command, values) ? ' and more values than steps' : '';
    return `${formatMetric(labels)} [${samples.join(', ')}]${excess}`;
  });
  return `${command.isOrdered ? 'ordered ' : ''}${isMatrix ? 'matrix' : 'vector'} {${shown.join('; ')}}`;
}

function showValue(value: Exclude<SequenceValue, {kind: 'omitted'}>): string {
  if (value.kind === 'stale') return 'stale';
  return value.kind === 'float' ? formatFloat(value.value) : showHistogram(histogramOf(value.histogram));
}

function showRows(rows: readonly AnswerRow[]): string {
  return `{${rows.map(({labels, samples}) => `${formatMetric(labels)} [${samples.map(showSample).join(', ')}]`).join('; ')}}`;
}

function showSample({timeMs, value, histogram}: AnswerSample): string {
  return `${histogram === undefined ? formatFloat(value) : showHistogram(histogram)} @${timeMs}`;
}
