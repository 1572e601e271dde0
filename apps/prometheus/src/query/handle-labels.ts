import {unescapeName} from '@narthex/exposition/escaping.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {isValidLabelName} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {TIME_MAX, TIME_MIN} from '@narthex/model/timestamp.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import {parseMetricSelectors} from '@narthex/promql/parse/parser.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import type {Job} from './messages.ts';
import {forParameter, limitOf, optionalTime} from './parameters.ts';
import type {QueryStorage} from './storage.ts';

const TRUNCATED = ',"warnings":["results truncated due to limit"]';
/** What the value-escaped form of a label name begins with in a path. */
const ESCAPED_PREFIX = 'U__';

/** `/api/v1/labels`: names of labels. */
export function handleLabelNames(parameters: URLSearchParams, storage: QueryStorage): ReadyAnswer {
  const {database} = storage;
  return textList(parameters, storage, (matchers, {startMs, endMs}, limit) =>
    database.labelNames(matchers, startMs, endMs, limit),
  );
}

/** `/api/v1/label/<name>/values`. */
export function handleLabelValues(job: Job, parameters: URLSearchParams, storage: QueryStorage): ReadyAnswer {
  const given = job.path['name'] ?? '';
  const name = given.startsWith(ESCAPED_PREFIX) ? unescapeName(given, 'values') : given;
  if (!isValidLabelName(name)) throw new ApiError('bad_data', `invalid label name: ${JSON.stringify(name)}`);
  const {database} = storage;
  return textList(parameters, storage, (matchers, {startMs, endMs}, limit) =>
    database.labelValues(name, matchers, startMs, endMs, limit),
  );
}

type List = (matchers: readonly Matcher[], times: TimeRange, limit: number) => readonly string[];

/** The texts that `list` gives for each selector, united, sorted by bytes, at most `limit` of them. */
function textList(parameters: URLSearchParams, storage: QueryStorage, list: List): ReadyAnswer {
  const limit = limitOf(parameters);
  const times = timesOf(parameters);
  const selectors = selectorsOf(parameters);
  if (!storage.overlaps(times.startMs, times.endMs)) return listAnswer([], false, storage);
  // One more than wanted tells whether there are more.
  const most = limit === 0 ? 0 : limit + 1;
  const lists = (selectors.length ? selectors : [[]]).map((matchers) => list(matchers, times, most));
  const texts = lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort(compareUtf8);
  const isTruncated = limit > 0 && texts.length > limit;
  return listAnswer(isTruncated ? texts.slice(0, limit) : texts, isTruncated, storage);
}

function listAnswer(texts: readonly string[], isTruncated: boolean, {memory}: QueryStorage): ReadyAnswer {
  const writer = new AnswerWriter(memory.maximumBytes);
  writer.text('{"status":"success","data":[');
  for (const [i, text] of texts.entries()) writer.text((i > 0 ? ',' : '') + JSON.stringify(text));
  writer.text(`]${isTruncated ? TRUNCATED : ''}}`);
  return writer.finish(200);
}

/** `/api/v1/series`: label sets of series. */
export function handleSeries(parameters: URLSearchParams, storage: QueryStorage): ReadyAnswer {
  if (!parameters.has('match[]')) throw new ApiError('bad_data', 'no match[] parameter provided');
  const limit = limitOf(parameters);
  const {startMs, endMs} = timesOf(parameters);
  const selectors = forParameter('match[]', () => parseSelectors(parameters));
  const writer = new AnswerWriter(storage.memory.maximumBytes - storage.memory.usedBytes);
  const isTruncated = writeSeries(writer, labelSets(selectors, startMs, endMs, storage), limit);
  writer.text(`]${isTruncated ? TRUNCATED : ''}}`);
  return writer.finish(200);
}

function writeSeries(writer: AnswerWriter, series: Iterable<string>, limit: number): boolean {
  writer.text('{"status":"success","data":[');
  let count = 0;
  for (const labels of series) {
    if (limit > 0 && count === limit) return true;
    writer.text(count++ > 0 ? `,${labels}` : labels);
  }
  return false;
}

/** JSON of the label sets: of one selector in the order of storage, of several sorted and each once. */
function labelSets(
  selectors: readonly (readonly Matcher[])[],
  startMs: number,
  endMs: number,
  storage: QueryStorage,
): Iterable<string> {
  if (!storage.overlaps(startMs, endMs)) return [];
  const sets = selectors.map((matchers) => labelSetsOf(matchers, startMs, endMs, storage));
  if (sets.length === 1) return sets[0]!;
  return [...new Set(sets.flatMap((set) => [...set]))].sort(compareUtf8);
}

function* labelSetsOf(
  matchers: readonly Matcher[],
  startMs: number,
  endMs: number,
  storage: QueryStorage,
): Generator<string> {
  const set = storage.select(matchers, startMs, endMs);
  const {symbols} = storage;
  let pairs = new Uint32Array(256);
  for (let i = 0; i < set.length; i++) {
    if (set.samplesMax(i) === 0) continue;
    const count = set.labels(i, pairs);
    if (2 * count > pairs.length) {
      pairs = new Uint32Array(4 * count);
      set.labels(i, pairs);
    }
    let text = '{';
    for (let l = 0; l < 2 * count; l += 2) {
      text += `${l > 0 ? ',' : ''}${JSON.stringify(symbols.text(pairs[l]!))}:${JSON.stringify(symbols.text(pairs[l + 1]!))}`;
    }
    yield `${text}}`;
  }
}

interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

function timesOf(parameters: URLSearchParams): TimeRange {
  return {startMs: optionalTime(parameters, 'start', TIME_MIN), endMs: optionalTime(parameters, 'end', TIME_MAX)};
}

function selectorsOf(parameters: URLSearchParams): (readonly Matcher[])[] {
  try {
    return parseSelectors(parameters);
  } catch (error) {
    throw new ApiError('bad_data', (error as Error).message, {cause: error});
  }
}

function parseSelectors(parameters: URLSearchParams): (readonly Matcher[])[] {
  const selectors = parseMetricSelectors(parameters.getAll('match[]'));
  for (const matchers of selectors) {
    if (matchers.every((matcher) => matcher.matchesEmpty))
      throw new Error('match[] must contain at least one non-empty matcher');
  }
  return selectors;
}
