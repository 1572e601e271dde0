import type {Evaluated, Evaluation} from './evaluation.ts';
import {Rows, vectorAt} from './matrix.ts';
import {LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {matchesAll} from '../memory-storage/memory-storage.ts';
import {childrenOf, type Expr} from '../parse/ast.ts';
import {keyOf, nameOf, only} from './label-sets.ts';
import type {PreparedTree} from './prepare.ts';
import {PlainReader} from './sample-reader.ts';
import {fail, isHistogram, type Sample, type Series} from './values.ts';

const IDENTIFYING = ['instance', 'job'];

/** info(): adds labels of info series, such as target_info, that have the same instance and job. */
export function evaluateInfo(evaluator: Evaluation, args: readonly Expr[]): Evaluated {
  const lookup = lookupOf(evaluator.tree, args[0]);
  const {series, annotations} = evaluator.evaluate(args[0]);
  const matchers = args[1]?.kind === 'vectorSelector' ? args[1].matchers : [];
  const dataMatchers = matchers.filter(({name}) => name !== METRIC_NAME);
  const nameMatchers = effectiveNames(matchers.filter(({name}) => name === METRIC_NAME));
  const isInfo = (one: {labels: Series['labels']}) =>
    nameMatchers.every((matcher) => matcher.matches(nameOf(one.labels)));
  const others = series.filter((one) => !isInfo(one));
  const infos = infoSeries(evaluator, others, [...dataMatchers, ...nameMatchers], lookup);
  const rows = new Rows(evaluator.times.length, evaluator.options.reversesUnordered);
  for (const [step, timeMs] of evaluator.times.entries()) {
    const base = vectorAt(series, step, timeMs);
    if (base.length === 0) continue;
    const newest = newestInfos(vectorAt(infos, step, timeMs));
    rows.addStep(
      step,
      base.flatMap((sample) => (isInfo(sample) ? [sample] : enriched(sample, newest, dataMatchers))),
    );
  }
  return {series: rows.series(), annotations};
}

/** Conditions on the names of info series. */
function effectiveNames(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.some(({type}) => type === '=' || type === '=~')) return matchers;
  if (matchers.length > 0) return [new Matcher('=~', METRIC_NAME, '.+_info'), ...matchers];
  return [new Matcher('=', METRIC_NAME, 'target_info')];
}

interface InfoLookup {
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

/** Info series are looked up where the first selector of the argument looks. */
function lookupOf(tree: PreparedTree, expr: Expr): InfoLookup {
  const visit = (node: Expr, path: readonly Expr[]): InfoLookup | undefined => {
    if (node.kind === 'vectorSelector') {
      let atMs = tree.atMs(node);
      let offsetMs = tree.writtenOffsetMs(node);
      for (const above of path.toReversed()) {
        if (atMs !== undefined) break;
        if (above.kind !== 'subquery') continue;
        offsetMs += tree.writtenOffsetMs(above);
        atMs = tree.atMs(above);
      }
      return {atMs, offsetMs};
    }
    for (const child of childrenOf(node)) {
      const found = visit(child, [...path, node]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(expr, []) ?? {atMs: undefined, offsetMs: 0};
}

/** Info series that may belong to `others`. Their values are the times of their samples. */
function infoSeries(
  evaluator: Evaluation,
  others: readonly Series[],
  matchers: readonly Matcher[],
  {atMs, offsetMs}: InfoLookup,
): Series[] {
  const wanted = IDENTIFYING.flatMap((name) => {
    const values = new Set(others.map(({labels}) => labels.get(name)));
    values.delete('');
    return values.size > 0 ? [{name, values}] : [];
  });
  if (wanted.length === 0) return [];
  const found = evaluator.storage.series.filter(
    ({labels}) => wanted.every(({name, values}) => values.has(labels.get(name))) && matchesAll(labels, matchers),
  );
  return found.map((stored) => {
    const reader = new PlainReader(stored);
    const points = evaluator.times.map((timeMs) => {
      const sample = reader.newest((atMs ?? timeMs) - offsetMs, evaluator.options.lookbackMs);
      if (isHistogram(sample?.value)) fail(`this should be an info metric, with float samples: ${stored.labels}`);
      return sample?.timeMs;
    });
    return {labels: stored.labels, dropName: false, points};
  });
}

/** The newest info series of each name, instance and job. */
function newestInfos(infos: readonly Sample[]): Map<string, Sample> {
  const newest = new Map<string, Sample>();
  for (const info of infos) {
    const key = signatureOf(nameOf(info.labels), info);
    const known = newest.get(key);
    if (known !== undefined && known.value === info.value)
      fail(
        `found duplicate series for info metric: existing ${known.labels} @ ${known.value as number}, new ${info.labels} @ ${info.value as number}`,
      );
    if (known === undefined || (known.value as number) < (info.value as number)) newest.set(key, info);
  }
  return newest;
}

const signatureOf = (name: string, {labels}: {labels: Series['labels']}): string =>
  `${name} ${keyOf(only(labels, IDENTIFYING))}`;

/** The sample with the labels of its info series; nothing when there is none and the labels asked for may not be missing. */
function enriched(sample: Sample, newest: ReadonlyMap<string, Sample>, dataMatchers: readonly Matcher[]): Sample[] {
  const names = new Set([...newest.values()].map(({labels}) => nameOf(labels)));
  const infos = [...names].flatMap((name) => newest.get(signatureOf(name, sample)) ?? []);
  if (infos.length === 0 && dataMatchers.some((matcher) => !matcher.matches(''))) return [];
  const wanted = new Set(dataMatchers.map(({name}) => name));
  const added = new LabelsBuilder();
  for (const {labels} of infos) {
    for (const [name, value] of labels.entries()) {
      if (name === METRIC_NAME || (wanted.size > 0 && !wanted.has(name))) continue;
      const known = added.get(name);
      if (known !== '' && known !== value) fail(`conflicting label: ${name}`);
      if (!sample.labels.has(name)) added.set(name, value);
    }
  }
  const builder = new LabelsBuilder(sample.labels);
  for (const [name, value] of added.entries()) builder.set(name, value);
  return [{...sample, labels: builder.labels()}];
}
