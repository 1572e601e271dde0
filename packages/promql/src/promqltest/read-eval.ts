import {AnchoredRegex, RegexError} from '@narthex/model/regex.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {parseSeriesDescription} from '../parse/series-description.ts';
import {unquote} from '../parse/unquote.ts';
import {readDuration} from './read-load.ts';
import {type AnnotationPatterns, type EvalCommand, ScriptError, type ScriptSeries, type TextPattern} from './script.ts';

type Eval = Omit<EvalCommand, 'kind' | 'line' | 'text'>;

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(.+?)\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const RANGE_VECTOR = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const ANYTHING: TextPattern = {message: undefined, pattern: undefined, matches: () => true};

/** Reads an `eval` command from its first line and the lines below. Throws ScriptError, ParseError. */
export function readEval(head: string, lines: readonly string[]): Eval {
  const instant = INSTANT.exec(head);
  const range = instant === null ? RANGE.exec(head) : null;
  if (instant === null && range === null) {
    throw new ScriptError(
      "invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered|_info] instant at <time> <query>' or 'eval[_fail|_warn|_info] range from <from> to <to> step <step> <query>'",
    );
  }
  const expectations = new Expectations((instant ?? range)![1], instant !== null);
  let isDone = false;
  for (const line of lines) {
    if (isDone) throw new ScriptError(`no more lines may follow: ${line}`);
    isDone = expectations.read(line);
  }
  const times = instant === null ? timesOf(range!.slice(2)) : timeOf(instant[2]);
  return {isRange: range !== null, expr: instant?.[3] ?? range![5], ...times, ...expectations.result()};
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

function timeOf(at: string): Times {
  const time = readDuration(at, 'timestamp definition');
  return {startMs: time, endMs: time, stepMs: 0};
}

function timesOf([from, to, step]: readonly string[]): Times {
  const startMs = readDuration(from, 'start timestamp definition');
  const endMs = readDuration(to, 'end timestamp definition');
  if (endMs < startMs) {
    throw new ScriptError(`invalid test definition, end timestamp (${to}) is before start timestamp (${from})`);
  }
  return {startMs, endMs, stepMs: readDuration(step, 'step definition')};
}

type AnnotationKind = 'warn' | 'info';

/** The lines below an `eval`, as they are read. */
class Expectations {
  readonly #isInstant: boolean;
  readonly #isOldFailure: boolean;
  readonly #failures: TextPattern[] = [];
  readonly #patterns: Record<AnnotationKind, TextPattern[]> = {warn: [], info: []};
  readonly #some: Record<AnnotationKind, boolean>;
  readonly #none: Record<AnnotationKind, boolean> = {warn: false, info: false};
  #isOrdered: boolean;
  #rangeVector: Times | undefined;
  #string: string | undefined;
  #scalar: number | undefined;
  #series: ScriptSeries[] = [];

  /** `form` is what follows `eval_`, if anything. */
  constructor(form: string | undefined, isInstant: boolean) {
    this.#isInstant = isInstant;
    this.#isOldFailure = form === 'fail';
    this.#isOrdered = form === 'ordered';
    this.#some = {warn: form === 'warn', info: form === 'info'};
    if (this.#isOldFailure) this.#failures.push(ANYTHING);
  }

  /** Reads a line; whether it has to be the last one. */
  read(line: string): boolean {
    const old = /^expected_fail_(message|regexp)(.*)$/.exec(line);
    if (this.#isOldFailure && old !== null) {
      this.#failures.push(old[1] === 'message' ? exactly(old[2].trim()) : searching(old[2].trim()));
      return true;
    }
    if (line.startsWith('expect range vector')) this.#readRangeVector(line);
    else if (line.startsWith('expect string')) this.#readString(line);
    else if (line.split(' ', 1)[0] === 'expect') this.#readExpect(line);
    else return this.#readResult(line);
    return false;
  }

  result(): Omit<Eval, 'expr' | 'isRange' | keyof Times> & Partial<Times> {
    return {
      failure: this.#failures.length === 0 ? undefined : this.#failures,
      warnings: this.#annotations('warn'),
      infos: this.#annotations('info'),
      isOrdered: this.#isOrdered,
      isRangeVector: this.#rangeVector !== undefined,
      string: this.#string,
      scalar: this.#scalar,
      series: lastOfEach(this.#series),
      ...this.#rangeVector,
    };
  }

  #annotations(kind: AnnotationKind): AnnotationPatterns {
    return {some: this.#some[kind], none: this.#none[kind], patterns: this.#patterns[kind]};
  }

  #readRangeVector(line: string): void {
    const match = RANGE_VECTOR.exec(line);
    if (match === null) throw new ScriptError(`invalid range vector definition "${line}"`);
    if (!this.#isInstant) throw new ScriptError('a range query gives no range vector');
    this.#rangeVector = timesOf(match.slice(1));
  }

  #readString(line: string): void {
    const literal = line.slice('expect string'.length).trim();
    const isQuoted = literal.length > 1 && /^(["'`]).*\1$/.test(literal);
    this.#string = isQuoted ? unquote(literal) : undefined;
    if (this.#string === undefined) {
      throw new ScriptError('expected string literal not valid - check that the string is correctly quoted');
    }
  }

  #readExpect(line: string): void {
    const match = EXPECT.exec(line);
    if (match === null) {
      throw new ScriptError('invalid expect statement, must match `expect <type> <match_type>: <string>` format');
    }
    const [, kind, form, text] = match;
    this.#note(kind, form === undefined ? undefined : form === 'msg' ? exactly(text.trim()) : searching(text.trim()));
  }

  #note(kind: string, pattern: TextPattern | undefined): void {
    if (kind === 'ordered') this.#isOrdered = true;
    else if (kind === 'fail') {
      if (this.#failures.length > 0 && !this.#isOldFailure) {
        throw new ScriptError('invalid expect lines, multiple expect fail lines are not allowed');
      }
      this.#failures.push(pattern ?? ANYTHING);
    } else {
      const about = kind.endsWith('warn') ? 'warn' : 'info';
      if (kind.startsWith('no_')) this.#none[about] = true;
      else this.#patterns[about].push(pattern ?? ANYTHING);
      if (this.#none[about] && this.#patterns[about].length > 0) {
        throw new ScriptError(`invalid expect lines, ${about} and no_${about} cannot be used together`);
      }
    }
  }

  /** A scalar, which ends the list, or a series. */
  #readResult(line: string): boolean {
    const scalar = numberOf(line);
    if (scalar !== undefined) {
      this.#scalar = scalar;
      this.#series = [];
      return true;
    }
    const series = parseSeriesDescription(line);
    const isOne = this.#isInstant && this.#rangeVector === undefined;
    if (isOne && series.values.length !== 1) {
      throw new ScriptError(
        "an instant evaluation expects one value a series; 'expect range vector' before it allows more",
      );
    }
    this.#series.push(series);
    return false;
  }
}

/** Of lines for the same series the last one counts. */
function lastOfEach(series: readonly ScriptSeries[]): ScriptSeries[] {
  return [...new Map(series.map((one) => [one.labels.toString(), one])).values()];
}

const exactly = (message: string): TextPattern => ({message, pattern: undefined, matches: (text) => text === message});

/** An RE2 pattern that is looked for anywhere. Throws ScriptError. */
function searching(pattern: string): TextPattern {
  try {
    const regex = AnchoredRegex.of(`.*(?-s:${pattern}).*`);
    return {message: undefined, pattern, matches: (text) => regex.matches(text)};
  } catch (error) {
    if (error instanceof RegexError) throw new ScriptError(`invalid regex ${pattern}`, {cause: error});
    throw error;
  }
}

const GO_INTEGER = /^([-+]?)(0[bB]_?[01_]+|0[xX]_?[0-9a-fA-F_]+|0[oO]?_?[0-7_]*|[1-9][0-9_]*)$/;

/** A line that is only a number: a Go integer with the prefix of its base, or a float. */
function numberOf(line: string): number | undefined {
  const match = GO_INTEGER.exec(line);
  if (match === null || /__|_$/.test(line)) return parseGoFloat(line);
  const digits = match[2].replaceAll('_', '').replace(/^0(?=[0-9])/, '0o');
  const value = Number(digits);
  return match[1] === '-' ? -value : value;
}
