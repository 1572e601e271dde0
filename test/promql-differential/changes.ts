import {type BinaryExpr, type Expr, isComparison, walk} from '@narthex/promql/parse/ast.ts';
import {type AnswerRow, numberOf} from './answer.ts';
import {differByRounding, differingValues, differInLastDigits} from './blamed-values.ts';
import type {Blame} from './locate.ts';
import {isRateExtrapolation} from './rate-change.ts';

/** A meaning that is not the same in 3.14 as in 2.42. */
export interface Change {
  readonly name: string;
  /** The version that brought it. */
  readonly since: string;
  /** Where upstream says so. */
  readonly source: string;
  /** Whether a difference comes from this and nothing else. All parts below the blamed node agree. */
  readonly isCause: (blame: Blame) => boolean;
}

/** The name of what a node does: a function, an aggregation, an operator. */
function deedOf(node: Expr): string {
  if (node.kind === 'call') return node.func.name;
  return node.kind === 'aggregation' || node.kind === 'binary' ? node.op : node.kind;
}

const does = ({node}: Blame, ...deeds: readonly string[]): boolean => deeds.includes(deedOf(node));

/** The two series of an error about duplicates, in the order of their texts. */
const duplicatesInOrder = (error: string): string =>
  error.replace(
    /\[(\{.*?\}), (\{.*?\})\](?=;many-to-many)/,
    (_, a: string, b: string) => `[${[a, b].sort().join(', ')}]`,
  );

const hasSameRows = (a: readonly AnswerRow[], b: readonly AnswerRow[]): boolean => {
  const sorted = (rows: readonly AnswerRow[]) => JSON.stringify(rows.map((row) => JSON.stringify(row)).sort());
  return sorted(a) === sorted(b);
};

/** Whether rows come out of a map somewhere below, or here. */
function hasChanceOrder(root: Expr): boolean {
  let found = false;
  walk(root, (node) => {
    found ||= node.kind === 'subquery' || deedOf(node) === 'histogram_quantile';
  });
  return found;
}

const NAME = /"__name__":"[^"]*",?/;
const withoutName = (rows: readonly AnswerRow[]): AnswerRow[] =>
  rows.map((row) => ({...row, metric: row.metric.replace(NAME, '').replace(',}', '}')}));

/** The answer of 2.42 without names; where rows became the same, the error that says so. */
function isAnswerWithoutNames(blame: Blame): boolean {
  const {old, now} = blame;
  const rows = withoutName(old.rows);
  if (now.error === undefined) return old.error === undefined && differInLastDigits({...blame, old: {...old, rows}});
  return SAME_LABELS.has(now.error) && new Set(rows.map(({metric}) => metric)).size < rows.length;
}

/** At each time the same values in the same order, though of other rows. */
function choseAmongEqual({old, now}: Blame): boolean {
  if (old.error !== undefined || now.error !== undefined) return false;
  const values = (rows: readonly AnswerRow[]) => {
    const points = rows.flatMap(({points}) => points).map(([seconds, value]) => `${seconds} ${value}`);
    return JSON.stringify(old.type === 'vector' ? points : points.sort());
  };
  return values(old.rows) === values(now.rows);
}

/** Only the first step is right in 2.42: then it takes the samples away that lie too far back. */
function isFixedPrediction({node, times, old, now}: Blame): boolean {
  const range = node.kind === 'call' && node.func.name === 'predict_linear' ? node.args[0]! : undefined;
  if (times.stepMs === 0 || range === undefined || !isFixed(range) || now.error !== undefined) return false;
  const firsts = (rows: readonly AnswerRow[]) =>
    JSON.stringify(
      rows.map(({metric, points}) => [metric, points.find(([seconds]) => seconds * 1000 === times.startMs)]),
    );
  return firsts(old.rows) === firsts(now.rows);
}

function isFixed(range: Expr): boolean {
  if (range.kind === 'matrixSelector') return range.selector.timestampMs !== undefined;
  return range.kind === 'subquery' && range.timestampMs !== undefined;
}

const ADDING: readonly string[] = ['sum', 'avg', 'stddev', 'stdvar'];

/** Whether rows are aggregated here or below that are not those of the storage in their order. */
function aggregatesWorkedOutRows(root: Expr, ops: readonly string[]): boolean {
  let found = false;
  walk(root, (node) => {
    found ||= node.kind === 'aggregation' && ops.includes(node.op) && isWorkedOut(node.expr);
  });
  return found;
}

/** The first of equal numbers stays, be it 0 or -0. */
const differInSignsOfZero = (blame: Blame): boolean =>
  differingValues(blame)?.every(({old, now}) => numberOf(old) === 0 && numberOf(now) === 0) === true;

const DUPLICATE = /^found duplicate series for the match group .* on the (left|right) hand-side of the operation: /;

const duplicateSideOf = (node: BinaryExpr, error: string): Expr =>
  DUPLICATE.exec(error)![1] === 'left' ? node.lhs : node.rhs;

/** Whether rows are not those of the storage in their order. */
function isWorkedOut(expr: Expr): boolean {
  return expr.kind === 'paren' ? isWorkedOut(expr.expr) : expr.kind !== 'vectorSelector';
}

/** The blamed answers with the rows of 2.42 in the order of ours, where theirs is one of chance. */
export function inOurOrder(blame: Blame): Blame {
  if (!hasChanceOrder(blame.node)) return blame;
  const places = new Map(blame.now.rows.map(({metric}, i) => [metric, i]));
  const placeOf = ({metric}: AnswerRow) => places.get(metric) ?? places.size;
  return {...blame, old: {...blame.old, rows: blame.old.rows.toSorted((a, b) => placeOf(a) - placeOf(b))}};
}

const isFinite = (value: string): boolean => Number.isFinite(numberOf(value));

const MANY_TO_ONE = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
const AMBIGUOUS: ReadonlySet<string> = new Set([
  MANY_TO_ONE,
  'multiple matches for labels: grouping labels must ensure unique matches',
]);
const SAME_LABELS: ReadonlySet<string> = new Set([
  'vector cannot contain metrics with the same labelset',
  'multiple matches for labels: grouping labels must ensure unique matches',
]);

const ELEMENTARY: readonly string[] =
  'acos acosh asin asinh atan atanh atan2 cos cosh sin sinh tan tanh exp ln log2 log10 ^'.split(' ');

export const changes: readonly Change[] = [
  {
    name: 'the two series of a duplicate are named in their order',
    since: '3.9',
    source: 'promql/engine.go, VectorBinop: found duplicate series',
    isCause: ({node, old, now}) =>
      node.kind === 'binary' &&
      old.error !== undefined &&
      now.error !== undefined &&
      duplicatesInOrder(old.error) === now.error,
  },
  {
    name: 'topk and bottomk refuse NaN in words of their own',
    since: '3.6',
    source: 'CHANGELOG: fail when NaN is passed as parameter to topk(), bottomk() (#16725)',
    isCause: (blame) =>
      does(blame, 'topk', 'bottomk') &&
      blame.old.error === 'Scalar value NaN overflows int64' &&
      blame.now.error === 'Parameter value is NaN',
  },
  {
    name: 'sums and means are compensated, means are sums divided',
    since: '2.54, 2.55, 3.5',
    source:
      'CHANGELOG: use Kahan summation for sum() (#14074), avg (#14413); consistency of avg and avg_over_time (#16569)',
    isCause: (blame) => does(blame, 'avg_over_time', ...ADDING) && differByRounding(blame),
  },
  {
    name: 'the deviation of a group that begins with no finite number is NaN',
    since: '3.0',
    source: 'CHANGELOG: stddev+stdvar aggregations treat Infinity consistently (#14941)',
    isCause: (blame) =>
      does(blame, 'stddev', 'stdvar') &&
      differingValues(blame)?.every(({old, now}) => now === 'NaN' && old === '0') === true &&
      blame.inputs.some(({answer}) => answer.rows.some(({points}) => points.some(([, value]) => !isFinite(value)))),
  },
  {
    name: 'rates look for the zero of a counter in half an interval at most',
    since: '2.51',
    source: 'CHANGELOG: constrain extrapolation in rate() to half of sample interval (#13725)',
    isCause: isRateExtrapolation,
  },
  {
    name: 'atan2 drops the name',
    since: '3.0',
    source: 'promql/engine.go, shouldDropMetricName, now changesMetricSchema',
    isCause: (blame) => does(blame, 'atan2') && isAnswerWithoutNames(blame),
  },
  {
    name: 'comparisons that drop rows, too, want one partner for each row',
    since: '3.9',
    source: 'CHANGELOG: check more consistently for many-to-one matching in filter binary operators (#17668)',
    isCause: ({node, old, now}) =>
      node.kind === 'binary' &&
      isComparison(node.op) &&
      !node.returnBool &&
      old.error === undefined &&
      AMBIGUOUS.has(now.error ?? ''),
  },
  {
    name: 'predict_linear over a range at a fixed time gives all steps',
    since: '2.51',
    source: 'CHANGELOG: fix wrongly scoped range vectors with @ modifier (#13559)',
    isCause: isFixedPrediction,
  },
  {
    name: 'topk and bottomk choose others among equal values',
    since: '2.44',
    source: 'CHANGELOG: use faster heap method for topk() / bottomk() (#12190)',
    isCause: (blame) => does(blame, 'topk', 'bottomk') && choseAmongEqual(blame),
  },
  {
    name: 'last digits of elementary functions, which are machine code in Go',
    since: 'both: a matter of the processor',
    source: "Go's math package: exp_amd64.s with FMA, log_amd64.s, others built on them",
    isCause: (blame) => does(blame, ...ELEMENTARY) && differInLastDigits(blame),
  },
  {
    name: 'over several times the first duplicate is one of chance',
    since: 'both: rows of functions and operators come out of a Go map',
    source: 'promql/engine.go, rangeEval: seriess',
    isCause: ({node, times, old, now}) =>
      node.kind === 'binary' &&
      times.stepMs > 0 &&
      DUPLICATE.test(old.error ?? '') &&
      DUPLICATE.test(now.error ?? '') &&
      isWorkedOut(duplicateSideOf(node, now.error!)) &&
      duplicateSideOf(node, now.error!) === duplicateSideOf(node, old.error!),
  },
  {
    name: 'over several times rows are aggregated in an order of chance',
    since: 'both: rows of functions and operators come out of a Go map',
    source: 'promql/engine.go, rangeEval: seriess',
    isCause: (blame) =>
      (blame.times.stepMs > 0 || blame.node.kind === 'subquery') &&
      ((aggregatesWorkedOutRows(blame.node, ADDING) && differByRounding(blame)) ||
        (aggregatesWorkedOutRows(blame.node, ['min', 'max']) && differInSignsOfZero(blame))),
  },
  {
    name: 'rows of subqueries and histogram_quantile come in an order of chance',
    since: 'both: rows come out of a Go map',
    source: 'promql/engine.go, rangeEval: seriess; promql/functions.go: signatureToMetricWithBuckets',
    isCause: ({node, old, now}) =>
      old.error === undefined && now.error === undefined && hasChanceOrder(node) && hasSameRows(old.rows, now.rows),
  },
];
