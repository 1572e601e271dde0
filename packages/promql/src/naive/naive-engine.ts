import {compareLabels} from '@narthex/model/labels.ts';
import type {MemoryStorage} from '../memory-storage/memory-storage.ts';
import type {Expr} from '../parse/ast.ts';
import {ParseError} from '../parse/errors.ts';
import {type ParserOptions, parseExpr} from '../parse/parser.ts';
import type {
  Answer,
  AnswerRow,
  AnswerSample,
  AnswerValue,
  FailedAnswer,
  ScriptEngine,
} from '../promqltest/script-engine.ts';
import type {NaiveOptions} from './evaluation.ts';
import {Evaluator} from './evaluator.ts';
import {hasEqualLabels} from './matrix.ts';
import {mergeEqualSeries} from './label-functions.ts';
import {withoutMetadata} from './label-sets.ts';
import {PreparedTree} from './prepare.ts';
import {isHistogram, NaiveError, type RangeSeries, sameLabelset, type Series, type Value} from './values.ts';
import type {Annotations} from './annotations.ts';

export interface NaiveEngineOptions extends ParserOptions, NaiveOptions {}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** Answers queries by the naive evaluator. Throws UndefinedUpstream where upstream has no one answer. */
export class NaiveEngine implements ScriptEngine {
  readonly #storage: MemoryStorage;
  readonly #options: NaiveEngineOptions;

  constructor(storage: MemoryStorage, options: NaiveEngineOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  instant(text: string, timeMs: number): Answer | FailedAnswer {
    return this.#answer(text, {startMs: timeMs, endMs: timeMs, stepMs: 0});
  }

  range(text: string, startMs: number, endMs: number, stepMs: number): Answer | FailedAnswer {
    return this.#answer(text, {startMs, endMs, stepMs});
  }

  #answer(text: string, times: Times): Answer | FailedAnswer {
    try {
      const expr = parseExpr(text, this.#options);
      if (times.stepMs > 0) checkRangeType(expr);
      if (expr.type === 'string') return {value: {type: 'string', text: stringOf(expr)}, warnings: [], infos: []};
      const tree = new PreparedTree(text, expr, times);
      const evaluator = new Evaluator(this.#storage, tree, this.#options, {...times, stepMs: times.stepMs || 1});
      const {value, annotations} = this.#value(evaluator, expr, times);
      return {value, warnings: annotations.texts('warning', text), infos: annotations.texts('info', text)};
    } catch (error) {
      if (error instanceof NaiveError || error instanceof ParseError) return {error: error.message};
      throw error;
    }
  }

  #value(evaluator: Evaluator, expr: Expr, times: Times): {value: AnswerValue; annotations: Annotations} {
    if (expr.type === 'matrix') {
      const {series, annotations} = evaluator.evaluateRange(expr);
      const rows = this.#cleanedRanges(series).map(({labels, samples}) => ({
        labels,
        samples: samples.map(({timeMs, value}) => answerSample(timeMs, value)),
      }));
      return {value: {type: 'matrix', rows: sorted(rows)}, annotations};
    }
    const {series, annotations} = evaluator.evaluate(expr);
    const cleaned = this.#cleaned(series);
    if (expr.type === 'scalar' && times.stepMs === 0) {
      const [value] = cleaned[0].points;
      return {value: {type: 'scalar', sample: answerSample(times.startMs, value!)}, annotations};
    }
    const rows = cleaned.map(({labels, points}) => ({
      labels,
      samples: evaluator.times.flatMap((timeMs, i) =>
        points[i] === undefined ? [] : [answerSample(timeMs, points[i])],
      ),
    }));
    if (times.stepMs === 0) return {value: {type: 'vector', rows}, annotations};
    return {value: {type: 'matrix', rows: sorted(rows)}, annotations};
  }

  /** The delayed removal of names. */
  #cleaned(series: readonly Series[]): readonly Series[] {
    return this.#options.delayedNameRemoval
      ? mergeEqualSeries(series.map(unnamed), this.#options.reversesUnordered)
      : series;
  }

  #cleanedRanges(series: readonly RangeSeries[]): readonly RangeSeries[] {
    if (!this.#options.delayedNameRemoval) return series;
    const cleaned = series.map(unnamed);
    if (hasEqualLabels(cleaned)) return mergeRanges(cleaned);
    return cleaned;
  }
}

function unnamed<T extends Series | RangeSeries>(series: T): T {
  return series.dropName ? {...series, labels: withoutMetadata(series.labels)} : series;
}

/** Ranges with equal labels put together; they must not have samples at the same time. */
function mergeRanges(series: readonly RangeSeries[]): RangeSeries[] {
  const merged = new Map<string, RangeSeries>();
  for (const one of series) {
    const key = one.labels.toString();
    const samples = [...(merged.get(key)?.samples ?? []), ...one.samples].toSorted((a, b) => a.timeMs - b.timeMs);
    if (samples.slice(1).some(({timeMs}, i) => timeMs === samples[i].timeMs)) throw sameLabelset();
    merged.set(key, {...one, samples});
  }
  return [...merged.values()];
}

function checkRangeType({type}: Expr): void {
  if (type === 'vector' || type === 'scalar') return;
  const name = type === 'matrix' ? 'range vector' : type;
  throw new NaiveError(`invalid expression type "${name}" for range query, must be Scalar or instant Vector`);
}

function stringOf(expr: Expr): string {
  if (expr.kind === 'paren') return stringOf(expr.expr);
  return expr.kind === 'string' ? expr.value : '';
}

function answerSample(timeMs: number, value: Value): AnswerSample {
  return isHistogram(value) ? {timeMs, value: 0, histogram: value} : {timeMs, value};
}

const sorted = (rows: readonly AnswerRow[]): AnswerRow[] => rows.toSorted((a, b) => compareLabels(a.labels, b.labels));
