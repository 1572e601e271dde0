import {parseExpr} from '@narthex/promql/parse/parser.ts';
import {prettify} from '@narthex/promql/parse/prettify.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import {optionsOf} from './handle-query.ts';
import type {Job, QuerySettings} from './messages.ts';
import {forParameter} from './parameters.ts';

/** `/api/v1/format_query`: the query as it is printed prettily. */
export function handleFormatQuery(job: Job, parameters: URLSearchParams, settings: QuerySettings): ReadyAnswer {
  const options = optionsOf(job, settings, settings.lookbackMs);
  const text = forParameter('query', () => prettify(parseExpr(parameters.get('query') ?? '', options)));
  const writer = new AnswerWriter(settings.memoryBytesMax);
  writer.text(`{"status":"success","data":${JSON.stringify(text)}}`);
  return writer.finish(200);
}
