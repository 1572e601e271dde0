import {ApiError} from '@narthex/http/errors.ts';
import type {HeadReader} from '@narthex/tsdb/head/reader.ts';
import {VectorView} from '@narthex/tsdb/arena/vector.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import type {QueryStorage} from './storage.ts';

interface Figure {
  readonly name: string;
  readonly value: number;
}

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 10_000;
const METRIC_NAME = '__name__';

/** `/api/v1/status/tsdb`: how many series there are, and what makes them many. */
export function handleTsdbStatus(parameters: URLSearchParams, storage: QueryStorage): ReadyAnswer {
  const limit = limitOf(parameters.get('limit') ?? '');
  const {head} = storage;
  const tops = collect(head, limit);
  const finite = (time: number, otherwise: string) => (Number.isFinite(time) ? String(time) : otherwise);
  const headStats =
    `{"numSeries":${head.seriesCount},"numLabelPairs":${head.index.postings.pairCount},"chunkCount":${head.chunkCount},` +
    `"minTime":${finite(head.minTime, '9223372036854775807')},"maxTime":${finite(head.maxTime, '-9223372036854775808')}}`;
  const writer = new AnswerWriter(storage.memory.maximumBytes);
  writer.text(`{"status":"success","data":{"headStats":${headStats}`);
  for (const [key, top] of Object.entries(tops)) writer.text(`,"${key}":${JSON.stringify(top.figures())}`);
  writer.text('}}');
  return writer.finish(200);
}

function limitOf(text: string): number {
  if (text === '') return LIMIT_DEFAULT;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new ApiError('bad_data', 'limit must be a positive number');
  if (limit > LIMIT_MAX) throw new ApiError('bad_data', `limit must not exceed ${LIMIT_MAX}`);
  return limit;
}

/** One look at each label pair. */
function collect(head: HeadReader, limit: number) {
  const {postings, symbols, arena} = head.index;
  const metrics = new Top(limit);
  const values = new Top(limit);
  const bytes = new Top(limit);
  const pairs = new Top(limit);
  const view = new VectorView(arena);
  for (let number = 0; number < postings.nameCount; number++) {
    const name = symbols.text(postings.symbolOf(number));
    view.read(postings.pairsOf(number));
    const [living, size] = addPairs(name, view);
    values.add(name, living);
    bytes.add(name, size);
  }
  return {
    seriesCountByMetricName: metrics,
    labelValueCountByLabelName: values,
    memoryInBytesByLabelName: bytes,
    seriesCountByLabelValuePair: pairs,
  };

  function addPairs(name: string, view: VectorView): [living: number, bytes: number] {
    let living = 0;
    let size = 0;
    for (let i = 0; i < view.count; i++) {
      const pair = view.at(i);
      const series = postings.seriesOf(pair);
      if (series === 0) continue;
      living++;
      size += symbols.length(postings.valueOf(pair));
      if (pairs.wants(series)) pairs.add(`${name}=${symbols.text(postings.valueOf(pair))}`, series);
      if (name === METRIC_NAME && metrics.wants(series)) metrics.add(symbols.text(postings.valueOf(pair)), series);
    }
    return [living, size];
  }
}

/** The largest figures so far. */
class Top {
  readonly #limit: number;
  #figures: Figure[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  wants(value: number): boolean {
    return this.#figures.length < this.#limit || value > this.#figures.at(-1)!.value;
  }

  add(name: string, value: number): void {
    if (!this.wants(value)) return;
    let at = this.#figures.length;
    while (at > 0 && this.#figures[at - 1]!.value < value) at--;
    this.#figures.splice(at, 0, {name, value});
    this.#figures.length = Math.min(this.#figures.length, this.#limit);
  }

  figures(): readonly Figure[] {
    return this.#figures;
  }
}
