import type {MatrixSelector, Subquery} from '@narthex/promql/parse/ast.ts';
import {nanosToMillis} from '@narthex/promql/parse/ast.ts';
import {type AnswerPoint, numberOf} from './answer.ts';
import {differingValues} from './blamed-values.ts';
import type {Blame} from './locate.ts';

interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

const FUNCTIONS: ReadonlySet<string> = new Set(['rate', 'increase']);
const RELATIVE = 1e-9;

/**
 * Since 2.51 the time before the first sample is cut to half of an interval before the zero of the counter is looked for, not after it (upstream's
 * `extrapolatedRate`). Both figures are worked out here; they have to be what was answered.
 */
export function isRateExtrapolation(blame: Blame): boolean {
  const {node, inputs, times} = blame;
  const pairs = differingValues(blame);
  if (pairs === undefined || node.kind !== 'call' || !FUNCTIONS.has(node.func.name)) return false;
  const range = inputs.find(({expr}) => expr.kind === 'matrixSelector' || expr.kind === 'subquery');
  if (range === undefined) return false;
  const window = windowOf(range.expr as MatrixSelector | Subquery, times.startMs);
  const perSecond = node.func.name === 'rate' ? (window.endMs - window.startMs) / 1000 : 1;
  const samples = new Map(range.answer.rows.map(({metric, points}) => [withoutName(metric), points]));
  return pairs.every(({metric, old, now}) => {
    const points = samples.get(metric);
    if (points === undefined) return false;
    return (
      isAt(numberOf(old), increase(points, window, false) / perSecond) &&
      isAt(numberOf(now), increase(points, window, true) / perSecond)
    );
  });
}

function windowOf(node: MatrixSelector | Subquery, timeMs: number): Window {
  const {timestampMs, offsetNs} = node.kind === 'subquery' ? node : node.selector;
  const endMs = (timestampMs ?? timeMs) - nanosToMillis(offsetNs);
  return {startMs: endMs - nanosToMillis(node.rangeNs), endMs};
}

function withoutName(metric: string): string {
  const {__name__: _, ...rest} = JSON.parse(metric) as Record<string, string>;
  return JSON.stringify(rest);
}

/** What a counter grew by. Its way to zero bounds the half interval only where `cutFirst`. */
function increase(points: readonly AnswerPoint[], {startMs, endMs}: Window, cutFirst: boolean): number {
  const values = points.map(([, value]) => numberOf(value));
  const resets = values.slice(0, -1).reduce((sum, value, i) => (values[i + 1]! < value ? sum + value : sum), 0);
  const grown = values.at(-1)! - values[0]! + resets;
  const [first, last] = [timeOf(points[0]!), timeOf(points.at(-1)!)];
  const interval = (last - first) / (points.length - 1);
  const cut = (gap: number) => (gap < interval * 1.1 ? gap : interval / 2);
  const toZero = grown > 0 && values[0]! >= 0 ? (last - first) * (values[0]! / grown) : Infinity;
  const gap = first - startMs;
  const before = cutFirst ? Math.min(cut(gap), toZero) : cut(Math.min(gap, toZero));
  return (grown * (last - first + before + cut(endMs - last))) / (last - first);
}

const timeOf = ([seconds]: AnswerPoint): number => Math.round(seconds * 1000);

const isAt = (got: number, want: number): boolean => Math.abs(got - want) <= RELATIVE * Math.abs(want);
