import type {Evaluated, Evaluation} from './evaluation.ts';
import {hasEqualLabels, inAnyOrder} from './matrix.ts';
import {isValidLabelName, type Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import {AnchoredRegex, RegexError} from '@narthex/model/regex.ts';
import type {Expr} from '../parse/ast.ts';
import {keyOf, withLabel} from './label-sets.ts';
import {fail, sameLabelset, type Series, UndefinedUpstream, isFloat} from './values.ts';

const textOf = (arg: Expr): string => (arg.kind === 'string' ? arg.value : '');

export function replaceLabels(evaluator: Evaluation, args: readonly Expr[]): Evaluated {
  const [destination, template, source, pattern] = args.slice(1).map(textOf);
  const regex = regexOf(pattern);
  if (!isValidLabelName(destination)) fail(`invalid destination label name in label_replace(): ${destination}`);
  return relabelled(evaluator, args[0], destination, (labels) => regex.expand(template, labels.get(source)));
}

function regexOf(pattern: string): AnchoredRegex {
  try {
    return new AnchoredRegex(pattern);
  } catch (error) {
    if (error instanceof RegexError) fail(`invalid regular expression in label_replace(): ${pattern}`);
    throw error;
  }
}

export function joinLabels(evaluator: Evaluation, args: readonly Expr[]): Evaluated {
  const [destination, separator, ...sources] = args.slice(1).map(textOf);
  for (const source of sources)
    if (!isValidLabelName(source)) fail(`invalid source label name in label_join(): ${source}`);
  if (!isValidLabelName(destination)) fail(`invalid destination label name in label_join(): ${destination}`);
  return relabelled(evaluator, args[0], destination, (labels) =>
    sources.map((source) => labels.get(source)).join(separator),
  );
}

/** Sets a label of each series, unless `valueOf` gives none. A name that is set here stays to the end. */
function relabelled(
  evaluator: Evaluation,
  arg: Expr,
  destination: string,
  valueOf: (labels: Labels) => string | undefined,
): Evaluated {
  const {series, annotations} = evaluator.evaluate(arg);
  const changed = series.map((one) => {
    const value = valueOf(one.labels);
    if (value === undefined) return one;
    const dropName = destination === METRIC_NAME ? false : one.dropName;
    return {...one, labels: withLabel(one.labels, destination, value), dropName};
  });
  return {series: mergeEqualSeries(changed, evaluator.options.reversesUnordered), annotations};
}

/** Puts series with equal labels together, which must not have values at the same step. */
export function mergeEqualSeries(series: readonly Series[], isReversed?: boolean): Series[] {
  if (!hasEqualLabels(series)) return [...series];
  const merged = new Map<string, Series>();
  for (const one of series) {
    const key = keyOf(one.labels);
    const known = merged.get(key);
    merged.set(key, known === undefined ? one : together(known, one));
  }
  return inAnyOrder(merged.values(), isReversed);
}

function together(a: Series, b: Series): Series {
  const points = a.points.map((value, step) => {
    const other = b.points[step];
    if (value === undefined || other === undefined) return value ?? other;
    if (isFloat(value) !== isFloat(other)) throw new UndefinedUpstream('a float and a histogram at one time');
    throw sameLabelset();
  });
  return {...a, points};
}
