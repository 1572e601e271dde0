import {childrenOf, type Expr} from '../parse/ast.ts';
import {TIME_DEPENDENT} from '../parse/functions.ts';

/** Functions whose results change with the time of evaluation even where their arguments do not. */
const TIME_FUNCTIONS: ReadonlySet<string> = new Set([...TIME_DEPENDENT, 'start', 'end', 'range', 'step']);

/** Whether an expression calls a function of time, other than inside of a subquery, which `fixedAt` fixes as a whole. */
export function dependsOnTime(expr: Expr): boolean {
  if (expr.kind === 'subquery') return false;
  if (expr.kind === 'call' && TIME_FUNCTIONS.has(expr.func.name)) return true;
  return childrenOf(expr).some(dependsOnTime);
}

/** A copy with `@ atMs` on all selectors and subqueries that have no time; what is inside of a subquery stays. */
export function fixedAt(expr: Expr, atMs: number): Expr {
  return rewrite(expr, (node) =>
    node.timestampMs === undefined ? {...node, timestampMs: atMs, atBorder: undefined} : node,
  );
}

type Timed = Extract<Expr, {kind: 'vectorSelector' | 'subquery'}>;

/** A copy with each selector and subquery that is in no subquery replaced. */
function rewrite(expr: Expr, replace: <T extends Timed>(node: T) => Expr): Expr {
  switch (expr.kind) {
    case 'vectorSelector':
    case 'subquery':
      return replace(expr);
    case 'matrixSelector':
      return {...expr, selector: replace(expr.selector) as typeof expr.selector};
    case 'call':
      return {...expr, args: expr.args.map((arg) => rewrite(arg, replace))};
    case 'aggregation': {
      const param = expr.param === undefined ? undefined : rewrite(expr.param, replace);
      return {...expr, expr: rewrite(expr.expr, replace), param};
    }
    case 'binary':
      return {...expr, lhs: rewrite(expr.lhs, replace), rhs: rewrite(expr.rhs, replace)};
    case 'unary':
    case 'paren':
      return {...expr, expr: rewrite(expr.expr, replace)};
    default:
      return expr;
  }
}
