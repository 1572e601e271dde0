import {ParseError} from '../parse/errors.ts';
import type {Expr} from '../parse/ast.ts';
import {parseExpr, type ParserOptions} from '../parse/parser.ts';
import {printExpr} from '../parse/print.ts';
import {compareValue, type Difference, isSorted} from './compare.ts';
import {dependsOnTime, fixedAt} from './fixed-time.ts';
import type {CommandFailure} from './run-script.ts';
import type {AnnotationPatterns, EvalCommand, TextPattern} from './script.ts';
import type {Answer, AnswerRow, AnswerValue, FailedAnswer, ScriptEngine} from './script-engine.ts';

/** What queries in scripts may use: all of the language. */
export const SCRIPT_PARSER_OPTIONS = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
} as const satisfies ParserOptions;

/** A query of a script, as it stands or changed for one of the extra checks. */
interface InstantQuery {
  readonly text: string;
  readonly timeMs: number;
  readonly check: string;
}

/** What is wrong with the outcome of an `eval`: the first check that fails; undefined when all is as expected. */
export function judge(engine: ScriptEngine, command: EvalCommand): CommandFailure | undefined {
  if (command.isRange) {
    const {expr, startMs, endMs, stepMs} = command;
    return failureOf(
      '',
      outcomeOf(command, endMs, () => engine.range(expr, startMs, endMs, stepMs)),
    );
  }
  for (const query of instantQueries(command)) {
    const failure = judgeInstant(engine, command, query);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf(check: string, difference: Difference | undefined): CommandFailure | undefined {
  return difference === undefined ? undefined : {check, ...difference};
}

/** The query as it stands, and with `@` everywhere at other times, which must not change the result. */
function instantQueries(command: EvalCommand): InstantQuery[] {
  // An expected range vector ends at the time of evaluation.
  const timeMs = command.endMs;
  const first = {text: command.expr, timeMs, check: ''};
  const expr = parsed(command.expr);
  if (expr === undefined || dependsOnTime(expr)) return [first];
  const text = printExpr(fixedAt(expr, timeMs));
  const times = timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return [first, ...times.map((at) => ({text, timeMs: at, check: `as ${text} at ${at} ms`}))];
}

/** The expression; undefined where it has mistakes, which the engine will say. */
function parsed(text: string): Expr | undefined {
  try {
    return parseExpr(text, SCRIPT_PARSER_OPTIONS);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function judgeInstant(
  engine: ScriptEngine,
  command: EvalCommand,
  {text, timeMs, check}: InstantQuery,
): CommandFailure | undefined {
  let type: AnswerValue['type'] | undefined;
  const difference = outcomeOf(command, timeMs, () => {
    const answer = engine.instant(text, timeMs);
    if ('value' in answer) type = answer.value.type;
    return answer;
  });
  if (difference !== undefined) return failureOf(check, difference);
  const isRangeToo = command.failure === undefined && command.string === undefined && !command.isRangeVector;
  // These would mean another time or step in a range query.
  if (!isRangeToo || type === 'string' || /(start|end|range|step)\(\)/.test(text)) return undefined;
  const where = check === '' ? 'as a range query' : `as a range query, ${check}`;
  return failureOf(where, judgeMiddle(engine, command, text, timeMs, type === 'scalar'));
}

/** The middle step of a short range query must give what the instant query does. */
function judgeMiddle(
  engine: ScriptEngine,
  command: EvalCommand,
  text: string,
  timeMs: number,
  isScalar: boolean,
): Difference | undefined {
  const answer = asked(() => engine.range(text, timeMs - 60_000, timeMs + 60_000, 60_000));
  if ('error' in answer) return {expected: 'a result', got: `error: ${answer.error}`};
  if (answer.value.type !== 'matrix') return {expected: 'a matrix', got: `a ${answer.value.type}`};
  if (command.isOrdered) return undefined;
  const {rows} = answer.value;
  if (!isSorted(rows)) return {expected: 'rows sorted by labels', got: rows.map(({labels}) => labels).join(', ')};
  const middle = rows.flatMap((row) => stepOf(row, timeMs));
  if (!isScalar) return compareValue(command, {type: 'vector', rows: middle}, timeMs);
  if (middle.length !== 1) return {expected: 'a scalar', got: `${middle.length} rows`};
  return compareValue(command, {type: 'scalar', sample: middle[0].samples[0]}, timeMs);
}

function stepOf({labels, samples}: AnswerRow, timeMs: number): AnswerRow[] {
  const sample = samples.find((sample) => sample.timeMs === timeMs);
  return sample === undefined ? [] : [{labels, samples: [sample]}];
}

function outcomeOf(
  command: EvalCommand,
  timeMs: number,
  evaluate: () => Answer | FailedAnswer,
): Difference | undefined {
  const answer = asked(evaluate);
  if ('isBroken' in answer) return {expected: 'an answer', got: answer.error};
  const {failure} = command;
  if ('error' in answer) return judgeError(failure, answer.error);
  if (failure !== undefined) return {expected: `an error ${showPatterns(failure)}`, got: 'a result'};
  return (
    judgeAnnotations('warning', command.warnings, answer.warnings) ??
    judgeAnnotations('info', command.infos, answer.infos) ??
    compareValue(command, answer.value, timeMs)
  );
}

/** What an engine throws is told apart from the errors that a script may expect. */
function asked(evaluate: () => Answer | FailedAnswer): Answer | FailedAnswer | {error: string; isBroken: true} {
  try {
    return evaluate();
  } catch (error) {
    return {error: `the engine threw ${String(error)}`, isBroken: true};
  }
}

function judgeError(failure: readonly TextPattern[] | undefined, error: string): Difference | undefined {
  if (failure === undefined) return {expected: 'a result', got: `error: ${error}`};
  if (failure.every(({matches}) => matches(error))) return undefined;
  return {expected: `an error ${showPatterns(failure)}`, got: `error: ${error}`};
}

function judgeAnnotations(
  kind: 'warning' | 'info',
  {some, none, patterns}: AnnotationPatterns,
  texts: readonly string[],
): Difference | undefined {
  const got = texts.length === 0 ? `no ${kind}` : texts.join(' | ');
  if (none) return texts.length === 0 ? undefined : {expected: `no ${kind}`, got};
  if ((some || patterns.length > 0) && texts.length === 0) return {expected: `${kind} ${showPatterns(patterns)}`, got};
  if (patterns.length === 0) return undefined;
  const isMet = patterns.every(({matches}) => texts.some(matches));
  const isAll = texts.every((text) => patterns.some(({matches}) => matches(text)));
  return isMet && isAll ? undefined : {expected: `${kind} ${showPatterns(patterns)}`, got};
}

function showPatterns(patterns: readonly TextPattern[]): string {
  if (patterns.length === 0) return '(any)';
  return patterns
    .map(({message, pattern}) => (pattern === undefined ? (message ?? '(any)') : `matching ${pattern}`))
    .join(' | ');
}
