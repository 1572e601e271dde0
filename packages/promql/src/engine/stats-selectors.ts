import {childrenOf, type Expr, type VectorSelector} from '../parse/ast.ts';

const STATS_FUNCTIONS: ReadonlySet<string> = new Set(['histogram_avg', 'histogram_count', 'histogram_sum']);
const BUCKET_FUNCTIONS: ReadonlySet<string> = new Set([
  'histogram_fraction',
  'histogram_quantile',
  'histogram_quantiles',
]);

/**
 * The selectors of which only count and sum of native histograms are needed. Upstream reads these histograms without buckets and bounds; it shows: custom
 * bounds can't differ then, resets are known from the start, and such histograms weigh less in statistics.
 */
export function selectorsOfStats(root: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  const pending: {expr: Expr; isWanted: boolean}[] = [{expr: root, isWanted: false}];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const {expr, isWanted} = next;
    if (expr.kind === 'vectorSelector' && isWanted) found.add(expr);
    if (needsBuckets(expr)) continue;
    const isStats = expr.kind === 'call' && STATS_FUNCTIONS.has(expr.func.name);
    for (const child of childrenOf(expr)) pending.push({expr: child, isWanted: isWanted || isStats});
  }
  return found;
}

/** Whether all that is below needs its buckets, whatever stands above or below. */
function needsBuckets(expr: Expr): boolean {
  if (expr.kind === 'binary') return expr.op === '</' || expr.op === '>/';
  return expr.kind === 'subquery' || (expr.kind === 'call' && BUCKET_FUNCTIONS.has(expr.func.name));
}
