import {ApiError} from '@narthex/http/errors.ts';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import {cardinality} from '@narthex/tsdb/index/cardinality.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import type {QueryStorage} from './storage.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 10_000;

/** `/api/v1/status/tsdb`: how many series there are, and what makes them many. */
export function handleTsdbStatus(parameters: URLSearchParams, storage: QueryStorage): ReadyAnswer {
  const limit = limitOf(parameters.get('limit') ?? '');
  const {head} = storage;
  const found = cardinality(head.index, METRIC_NAME, limit);
  const finite = (time: number, otherwise: string) => (Number.isFinite(time) ? String(time) : otherwise);
  const headStats =
    `{"numSeries":${head.seriesCount},"numLabelPairs":${found.pairCount},"chunkCount":${head.chunkCount},` +
    `"minTime":${finite(head.minTime, '9223372036854775807')},"maxTime":${finite(head.maxTime, '-9223372036854775808')}}`;
  const writer = new AnswerWriter(storage.memory.maximumBytes);
  writer.text(`{"status":"success","data":{"headStats":${headStats}`);
  const lists = {
    seriesCountByMetricName: found.seriesByMetric,
    labelValueCountByLabelName: found.valuesByLabel,
    memoryInBytesByLabelName: found.bytesByLabel,
    seriesCountByLabelValuePair: found.seriesByPair,
  };
  // The lists' own closing brace ends the data.
  writer.text(`,${JSON.stringify(lists).slice(1)}}`);
  return writer.finish(200);
}

function limitOf(text: string): number {
  if (text === '') return LIMIT_DEFAULT;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new ApiError('bad_data', 'limit must be a positive number');
  if (limit > LIMIT_MAX) throw new ApiError('bad_data', `limit must not exceed ${LIMIT_MAX}`);
  return limit;
}
