import type {Labels} from '@narthex/model/labels.ts';
import {parseDuration} from '@narthex/model/duration.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {parseSeriesDescription, type SequenceValue} from '../../parse/series-description.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {bitsOf} from '../../memory-storage/memory-storage.ts';

/** One value of a series line: nothing, a stale marker, a float, or something that is not a float. */
export type ScriptValue = undefined | 'stale' | 'histogram' | number;

/** A series line: labels and the values one step after the other. */
export interface ScriptSeries {
  readonly labels: Labels;
  readonly values: readonly ScriptValue[];
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  readonly series: readonly ScriptSeries[];
  /** It loads what this reader leaves out: native histograms, conversions to them, start timestamps. */
  readonly hasMore: boolean;
}

/** What is expected of annotations or errors: a text, a pattern, or just that there is one. */
export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info';
  readonly message: string | undefined;
  readonly pattern: RegExp | undefined;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly expr: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly expectations: readonly Expectation[];
  readonly isOrdered: boolean;
  readonly text: string | undefined;
  readonly scalar: number | undefined;
  readonly series: readonly ScriptSeries[];
  /** The instant query gives a matrix that begins at this time with this step. */
  readonly matrix: {readonly startMs: number; readonly stepMs: number} | undefined;
}

export type ScriptCommand = {readonly kind: 'clear'} | LoadCommand | EvalCommand;

/** Reads upstream's test language for PromQL. */
export function readScript(text: string): ScriptCommand[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .map((line) => (line.startsWith('#') ? '' : line));
  const commands: ScriptCommand[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const begin = i;
    if (lines[i].toLowerCase() !== 'clear') while (i + 1 < lines.length && lines[i + 1] !== '') i++;
    commands.push(readCommand(lines.slice(begin, i + 1), begin + 1));
  }
  return commands;
}

function readCommand(lines: readonly string[], line: number): ScriptCommand {
  const [head, ...rest] = lines;
  const word = head.split(/\s+/)[0].toLowerCase();
  if (word === 'clear') return {kind: 'clear'};
  if (word.startsWith('load')) return readLoad(head, rest, line);
  if (word.startsWith('eval')) return readEval(head, rest, line);
  throw new Error(`line ${line}: unknown command ${head}`);
}

function readLoad(head: string, lines: readonly string[], line: number): LoadCommand {
  const [word, step] = head.split(/\s+/);
  const isStart = (text: string) => /^[^\s]*(\{[^}]*\})?@st\s/.test(text);
  const series = lines.filter((text) => !isStart(text)).map(readSeries);
  const hasMore = word !== 'load' || lines.some(isStart) || series.some(({values}) => values.includes('histogram'));
  return {kind: 'load', line, stepMs: parseDuration(step), series, hasMore};
}

function readEval(head: string, lines: readonly string[], line: number): EvalCommand {
  const instant = /^(eval\w*)\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/i.exec(head);
  const range = /^(eval\w*)\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/i.exec(head);
  const word = (instant ?? range)![1].toLowerCase();
  const times = range
    ? {startMs: time(range[2]), endMs: time(range[3]), stepMs: parseDuration(range[4]), expr: range[5]}
    : {startMs: time(instant![2] ?? '0s'), endMs: time(instant![2] ?? '0s'), stepMs: 0, expr: instant![3]};
  const state = {
    expectations: oldForm(word),
    isOrdered: word === 'eval_ordered',
    text: undefined as string | undefined,
    scalar: undefined as number | undefined,
    series: [] as ScriptSeries[],
    matrix: undefined as EvalCommand['matrix'],
  };
  for (const text of lines) readExpectation(text, state);
  return {kind: 'eval', line, ...times, ...state};
}

const oldForm = (word: string): Expectation[] => {
  const kind = word.slice('eval_'.length);
  if (kind !== 'fail' && kind !== 'warn' && kind !== 'info') return [];
  return [{kind, message: undefined, pattern: undefined}];
};

function readExpectation(
  text: string,
  state: {
    expectations: Expectation[];
    isOrdered: boolean;
    text: string | undefined;
    scalar: number | undefined;
    series: ScriptSeries[];
    matrix: EvalCommand['matrix'];
  },
): void {
  const old = /^expected_fail_(message|regexp)\s+(.+)$/.exec(text);
  const expect = /^expect\s+(fail|warn|info|no_warn|no_info|ordered|string|range)\b\s*(.*)$/.exec(text);
  if (old !== null) {
    const [, form, value] = old;
    state.expectations = [expectation('fail', `${form === 'message' ? 'msg' : 'regex'}: ${value}`)];
  } else if (expect !== null) readExpect(expect[1], expect[2], state);
  else if (/^[-+]?(0x[0-9a-f]+|[0-9.]+(e[-+]?[0-9]+)?|inf|nan)$/i.test(text)) state.scalar = numberOf(text);
  else state.series.push(readSeries(text));
}

function readExpect(
  kind: string,
  rest: string,
  state: {expectations: Expectation[]; isOrdered: boolean; text: string | undefined; matrix: EvalCommand['matrix']},
): void {
  if (kind === 'ordered') state.isOrdered = true;
  else if (kind === 'string') state.text = rest.startsWith('`') ? rest.slice(1, -1) : (JSON.parse(rest) as string);
  else if (kind === 'range') {
    const [, start, , step] = /vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)/.exec(rest)!;
    state.matrix = {startMs: time(start), stepMs: parseDuration(step)};
  } else state.expectations.push(expectation(kind as Expectation['kind'], rest));
}

function expectation(kind: Expectation['kind'], rest: string): Expectation {
  if (rest.startsWith('msg:')) return {kind, message: rest.slice(4).trim(), pattern: undefined};
  if (rest.startsWith('regex:')) return {kind, message: undefined, pattern: new RegExp(rest.slice(6).trim())};
  return {kind, message: undefined, pattern: undefined};
}

function time(text: string): number {
  return text.startsWith('-') ? -parseDuration(text.slice(1)) : parseDuration(text);
}

/** `metric{labels} values`. */
export function readSeries(text: string): ScriptSeries {
  const {labels, values} = parseSeriesDescription(text);
  return {labels, values: values.map(scriptValueOf)};
}

function scriptValueOf(value: SequenceValue): ScriptValue {
  switch (value.kind) {
    case 'omitted':
      return undefined;
    case 'float':
      return value.value;
    default:
      return value.kind;
  }
}

function numberOf(text: string): number {
  const value = /^[-+]?0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : parseGoFloat(text);
  if (value !== undefined) return value;
  const sign = text.startsWith('-') ? -1 : 1;
  return (sign * parseDuration(text.replace(/^[-+]/, ''))) / 1000;
}

/** The bits of a value as they are stored. */
export const storedBits = (value: number | 'stale'): bigint => (value === 'stale' ? STALE_NAN_BITS : bitsOf(value));
