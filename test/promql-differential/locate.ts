import {childrenOf, type Expr, nanosToMillis, type Subquery} from '@narthex/promql/parse/ast.ts';
import {parseExpr} from '@narthex/promql/parse/parser.ts';
import {printExpr} from '@narthex/promql/parse/print.ts';
import type {Answer} from './answer.ts';
import {PARSER_OPTIONS} from './own-engine.ts';
import type {Question, Times} from './random-query.ts';

/** What 2.42 and this engine say to the same question. */
export interface Pair {
  readonly old: Answer;
  readonly now: Answer;
}

/** The smallest part of an expression whose answers differ though those of all parts below it agree: there the difference comes from. */
export interface Blame extends Pair {
  readonly node: Expr;
  readonly times: Times;
  /** The parts directly below, with the answer that both gave; none for a selector. */
  readonly inputs: readonly Input[];
}

export interface Input {
  readonly expr: Expr;
  readonly answer: Answer;
}

export type Ask = (question: Question) => Promise<Pair>;

export const agree = ({old, now}: Pair): boolean => old.text === now.text;

/** Where the difference of a question comes from: one place for each part that differs on its own. */
export async function locate(question: Question, ask: Ask): Promise<Blame[]> {
  const pinned = pinBorders(question);
  for (const timeMs of steps(pinned.times)) {
    const times = {startMs: timeMs, endMs: timeMs, stepMs: 0};
    const pair = await ask({text: pinned.text, times});
    if (!agree(pair)) return search(parseExpr(pinned.text, PARSER_OPTIONS), times, pair, ask);
  }
  // Only seen over a range of times.
  return search(parseExpr(pinned.text, PARSER_OPTIONS), pinned.times, await ask(pinned), ask);
}

/** `@ start()` and `@ end()` as the times that they mean, so that parts can be asked at other times. */
function pinBorders({text, times}: Question): Question {
  const at = (ms: number) => `@ ${(ms / 1000).toFixed(3)}`;
  return {text: text.replaceAll('@ start()', at(times.startMs)).replaceAll('@ end()', at(times.endMs)), times};
}

const steps = ({startMs, endMs, stepMs}: Times): number[] =>
  stepMs === 0
    ? [startMs]
    : Array.from({length: Math.floor((endMs - startMs) / stepMs) + 1}, (_, i) => startMs + i * stepMs);

async function search(node: Expr, times: Times, pair: Pair, ask: Ask): Promise<Blame[]> {
  if (node.kind === 'subquery') return searchSubquery(node, {node, times, inputs: [], ...pair}, ask);
  const found: Blame[] = [];
  const inputs: Input[] = [];
  for (const expr of node.kind === 'matrixSelector' ? [] : childrenOf(node)) {
    if (expr.type === 'string' || (expr.type === 'matrix' && times.stepMs > 0)) continue;
    const child = await ask({text: printExpr(expr), times});
    if (agree(child)) inputs.push({expr, answer: child.now});
    else found.push(...(await search(expr, times, child, ask)));
  }
  return found.length > 0 ? found : [{node, times, inputs, ...pair}];
}

/** A subquery differs where its expression does, at one of its own times. */
async function searchSubquery(node: Subquery, whole: Blame, ask: Ask): Promise<Blame[]> {
  const text = printExpr(node.expr);
  for (const timeMs of timesOf(node, whole.times.startMs)) {
    const times = {startMs: timeMs, endMs: timeMs, stepMs: 0};
    const pair = await ask({text, times});
    if (!agree(pair)) return search(node.expr, times, pair, ask);
  }
  return [whole];
}

const DEFAULT_STEP_MS = 60_000;

/** The times at which a subquery evaluates its expression: multiples of its step. */
function timesOf({timestampMs, offsetNs, rangeNs, stepNs}: Subquery, evaluationMs: number): number[] {
  const stepMs = nanosToMillis(stepNs) || DEFAULT_STEP_MS;
  const endMs = (timestampMs ?? evaluationMs) - nanosToMillis(offsetNs);
  const firstMs = (Math.floor((endMs - nanosToMillis(rangeNs)) / stepMs) + 1) * stepMs;
  return Array.from({length: Math.max(0, Math.floor((endMs - firstMs) / stepMs) + 1)}, (_, i) => firstMs + i * stepMs);
}
