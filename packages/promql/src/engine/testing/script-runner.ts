import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {formatMetric, Labels} from '@narthex/model/labels.ts';
import type {Expr} from '../../parse/ast.ts';
import {instant, prepare, type PreparedQuery, range} from '../engine.ts';
import type {QueryResult, ResultSample} from '../query-result.ts';
import {MemoryStorage} from '../../memory-storage/memory-storage.ts';
import {
  type EvalCommand,
  type LoadCommand,
  readScript,
  type ScriptSeries,
  type ScriptValue,
  storedBits,
} from './promql-script.ts';

/** How the evals of a script went. */
export interface ScriptOutcome {
  passed: number;
  /** Line and reason of those that went wrong. */
  readonly failed: string[];
  /** Line and reason of those that need what the engine refuses by name, or data that the test storage cannot hold. */
  readonly unsupported: string[];
}

/** Settings of upstream's runner. */
const OPTIONS = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
  delayedNameRemoval: true,
  samplesMax: 10_000_000,
} as const;

const TIME_FUNCTIONS =
  /\b(days_in_month|day_of_month|day_of_week|day_of_year|hour|minute|month|year|predict_linear|time|timestamp|start|end|range|step)\s*\(/;
const RANGE_FUNCTIONS = /\b(start|end|range|step)\s*\(/;

/** Runs a script of upstream's test language. */
export function runScript(text: string): ScriptOutcome {
  const outcome: ScriptOutcome = {passed: 0, failed: [], unsupported: []};
  let storage = new MemoryStorage();
  let hasMore = false;
  for (const command of readScript(text)) {
    if (command.kind === 'clear') {
      storage = new MemoryStorage();
      hasMore = false;
    } else if (command.kind === 'load') {
      load(storage, command);
      hasMore ||= command.hasMore;
    } else note(outcome, command, judge(storage, command), hasMore);
  }
  return outcome;
}

function note(outcome: ScriptOutcome, command: EvalCommand, problem: string | undefined, hasMore: boolean): void {
  const where = `line ${command.line}: ${command.expr}: ${problem}`;
  if (problem === undefined) outcome.passed++;
  else if (problem.includes('not supported yet')) outcome.unsupported.push(where);
  else if (hasMore) outcome.unsupported.push(`${where} (data that is no plain float was loaded)`);
  else outcome.failed.push(where);
}

function load(storage: MemoryStorage, command: LoadCommand): void {
  for (const {labels, values} of command.series) {
    for (const [i, value] of values.entries()) {
      if (value !== undefined && value !== 'histogram') storage.append(labels, i * command.stepMs, storedBits(value));
    }
  }
}

/** What is wrong with an eval; undefined when all is as expected. */
function judge(storage: MemoryStorage, command: EvalCommand): string | undefined {
  const problem = judgeOnce(storage, command, undefined, command.startMs);
  if (problem !== undefined || command.stepMs > 0 || command.expectations.some(({kind}) => kind === 'fail'))
    return problem;
  return judgeFixed(storage, command) ?? judgeAsRange(storage, command, undefined, command.startMs);
}

/** The same expression with `@` added everywhere, at other times. */
function judgeFixed(storage: MemoryStorage, command: EvalCommand): string | undefined {
  if (TIME_FUNCTIONS.test(command.expr)) return undefined;
  const at = command.startMs;
  const times = at === 0 ? [-1000, 0, 1000] : [-10 * at, 0, Math.trunc(at / 5), at, 10 * at];
  for (const timeMs of times) {
    const problem = judgeOnce(storage, command, at, timeMs) ?? judgeAsRange(storage, command, at, timeMs);
    if (problem !== undefined) return `with @ ${at} at ${timeMs}: ${problem}`;
  }
  return undefined;
}

/** The middle step of a short range query gives what the instant query does. */
function judgeAsRange(
  storage: MemoryStorage,
  command: EvalCommand,
  atMs: number | undefined,
  timeMs: number,
): string | undefined {
  if (command.text !== undefined || command.matrix !== undefined || RANGE_FUNCTIONS.test(command.expr))
    return undefined;
  const outcome = evaluate(storage, command, atMs, (query, run) =>
    range(query, run, timeMs - 60_000, timeMs + 60_000, 60_000),
  );
  if (typeof outcome === 'string') return `as a range query: ${outcome}`;
  try {
    if (command.isOrdered) return undefined;
    if (outcome.value.type !== 'matrix') return undefined;
    const found: Row[] = [];
    outcome.forEachRow((labels, samples) => {
      const middle = samples.filter((sample) => sample.timeMs === timeMs);
      if (middle.length > 0) found.push({labels, samples: middle});
    });
    const problem = compareRows(found, expectedRows(command, timeMs, 0), false);
    return problem === undefined ? undefined : `as a range query: ${problem}`;
  } finally {
    outcome.release();
  }
}

interface Row {
  readonly labels: Labels;
  readonly samples: readonly ResultSample[];
}

function expectedRows(command: EvalCommand, startMs: number, stepMs: number): Row[] {
  if (command.scalar !== undefined) {
    return [{labels: Labels.empty, samples: [{timeMs: startMs, value: command.scalar}]}];
  }
  return command.series.map(({labels, values}: ScriptSeries) => ({
    labels,
    samples: samplesOf(values, startMs, stepMs),
  }));
}

function samplesOf(values: readonly ScriptValue[], startMs: number, stepMs: number): ResultSample[] {
  return values.flatMap((value, i) => {
    if (value === undefined) return [];
    return [{timeMs: startMs + i * stepMs, value: typeof value === 'number' ? value : NaN}];
  });
}

type Evaluate = (
  query: PreparedQuery,
  run: {querier: ReturnType<MemoryStorage['querier']>; memory: KernelMemory},
) => QueryResult;

/** The result, or the text of the error. */
function evaluate(
  storage: MemoryStorage,
  command: EvalCommand,
  atMs: number | undefined,
  run: Evaluate,
): QueryResult | string {
  const memory = new KernelMemory({maximumBytes: 64 * 1024 * 1024});
  try {
    const query = prepare(command.expr, OPTIONS);
    const expr = atMs === undefined ? query.expr : fixed(query.expr, atMs);
    return run({...query, expr}, {querier: storage.querier(memory), memory});
  } catch (error) {
    if (error instanceof Error && (error.name === 'QueryError' || error.name === 'ParseError')) return error.message;
    throw error;
  }
}

function judgeOnce(
  storage: MemoryStorage,
  command: EvalCommand,
  atMs: number | undefined,
  timeMs: number,
): string | undefined {
  const outcome = evaluate(storage, command, atMs, (query, run) =>
    command.stepMs > 0
      ? range(query, run, command.startMs, command.endMs, command.stepMs)
      : instant(query, run, timeMs),
  );
  const failure = command.expectations.find(({kind}) => kind === 'fail');
  if (typeof outcome === 'string') {
    if (failure === undefined) return `unexpected error: ${outcome}`;
    if (failure.message !== undefined && failure.message !== outcome)
      return `error is "${outcome}", want "${failure.message}"`;
    if (failure.pattern?.test(outcome) === false) return `error "${outcome}" does not match ${failure.pattern}`;
    return undefined;
  }
  try {
    if (failure !== undefined) return 'expected an error';
    return judgeAnnotations(outcome, command) ?? judgeValue(outcome, command, timeMs);
  } finally {
    outcome.release();
  }
}

function judgeAnnotations(outcome: QueryResult, command: EvalCommand): string | undefined {
  const {warnings, infos} = outcome.annotations(0);
  for (const [kind, texts] of [
    ['warn', warnings],
    ['info', infos],
  ] as const) {
    const wanted = command.expectations.filter((expectation) => expectation.kind === kind);
    if (command.expectations.some((expectation) => expectation.kind === `no_${kind}`) && texts.length > 0) {
      return `unexpected ${kind}: ${texts.join(' | ')}`;
    }
    if (wanted.length === 0) continue;
    if (texts.length === 0) return `expected a ${kind}`;
    const fits = (text: string, {message, pattern}: (typeof wanted)[number]) =>
      (message === undefined || message === text) && (pattern === undefined || pattern.test(text));
    const unmet = wanted.find((expectation) => !texts.some((text) => fits(text, expectation)));
    if (unmet !== undefined) return `no ${kind} like ${unmet.message ?? unmet.pattern}, got ${texts.join(' | ')}`;
    const extra = texts.find((text) => !wanted.some((expectation) => fits(text, expectation)));
    if (extra !== undefined) return `${kind} not expected: ${extra}`;
  }
  return undefined;
}

function judgeValue(outcome: QueryResult, command: EvalCommand, timeMs: number): string | undefined {
  const {value} = outcome;
  if (command.text !== undefined) {
    return value.type === 'string' && value.text === command.text ? undefined : `expected the string ${command.text}`;
  }
  if (value.type === 'string') return 'expected no string';
  if (value.type === 'scalar') {
    if (command.scalar === undefined) return 'expected no scalar';
    return isAlmost(value.sample.value, command.scalar)
      ? undefined
      : `got ${value.sample.value}, want ${command.scalar}`;
  }
  if (command.scalar !== undefined && command.stepMs === 0) return 'expected a scalar';
  const found: Row[] = [];
  outcome.forEachRow((labels, samples) => found.push({labels, samples}));
  const start = command.matrix?.startMs ?? (command.stepMs > 0 ? command.startMs : timeMs);
  const step = command.matrix?.stepMs ?? command.stepMs;
  return compareRows(found, expectedRows(command, start, step), command.isOrdered);
}

function compareRows(found: readonly Row[], wanted: readonly Row[], isOrdered: boolean): string | undefined {
  const nonEmpty = wanted.filter(({samples}) => samples.length > 0);
  const show = (rows: readonly Row[]) =>
    rows
      .map(
        ({labels, samples}) =>
          `${formatMetric(labels)} [${samples.map(({timeMs, value}) => `${value}@${timeMs}`).join(' ')}]`,
      )
      .join('; ');
  const problem = () => `got ${show(found)}; want ${show(nonEmpty)}`;
  if (found.length !== nonEmpty.length) return problem();
  for (const [i, want] of nonEmpty.entries()) {
    const row = isOrdered ? found[i] : found.find(({labels}) => labels.equals(want.labels));
    if (row === undefined || !row.labels.equals(want.labels) || row.samples.length !== want.samples.length)
      return problem();
    for (const [j, sample] of want.samples.entries()) {
      if (row.samples[j].timeMs !== sample.timeMs || !isAlmost(row.samples[j].value, sample.value)) return problem();
    }
  }
  return undefined;
}

const NORMAL_MIN = 2.2250738585072014e-308;

function isAlmost(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < NORMAL_MIN) return difference < 1e-6 * NORMAL_MIN;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6;
}

/** A copy of the expression with `@ atMs` on every selector and subquery that has none. */
function fixed(expr: Expr, atMs: number): Expr {
  switch (expr.kind) {
    case 'vectorSelector':
      return hasAt(expr) ? expr : {...expr, timestampMs: atMs};
    case 'matrixSelector':
      return {...expr, selector: fixed(expr.selector, atMs) as typeof expr.selector};
    case 'subquery':
      return hasAt(expr) ? expr : {...expr, timestampMs: atMs};
    case 'call':
      return {...expr, args: expr.args.map((arg) => fixed(arg, atMs))};
    case 'aggregation':
      return {
        ...expr,
        expr: fixed(expr.expr, atMs),
        param: expr.param === undefined ? undefined : fixed(expr.param, atMs),
      };
    case 'binary':
      return {...expr, lhs: fixed(expr.lhs, atMs), rhs: fixed(expr.rhs, atMs)};
    case 'unary':
    case 'paren':
      return {...expr, expr: fixed(expr.expr, atMs)};
    default:
      return expr;
  }
}

const hasAt = (node: {timestampMs: number | undefined; atBorder: string | undefined}): boolean =>
  node.timestampMs !== undefined || node.atBorder !== undefined;
