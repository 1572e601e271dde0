import {Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import type {Expr} from '../parse/ast.ts';

/** The labels of a result of absent(): those that a selector asks for by equality, each named in one matcher only. */
export function absentLabels(expr: Expr): Labels {
  const selector = expr.kind === 'matrixSelector' ? expr.selector : expr;
  if (selector.kind !== 'vectorSelector') return Labels.empty;
  const builder = new LabelsBuilder();
  const seen = new Set<string>();
  for (const {type, name, value} of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      builder.set(name, value);
      seen.add(name);
    } else builder.del(name);
  }
  return builder.labels();
}
