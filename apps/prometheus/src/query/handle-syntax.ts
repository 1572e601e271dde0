import type {Expr} from '@narthex/promql/parse/ast.ts';
import {parseExpr} from '@narthex/promql/parse/parser.ts';
import {prettify} from '@narthex/promql/parse/prettify.ts';
import {writeTreeJson} from '@narthex/promql/parse/tree-json.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import {optionsOf, QUERY_CHARACTERS_MAX} from './handle-query.ts';
import type {Job, QuerySettings} from './messages.ts';
import {forParameter} from './parameters.ts';

/** `/api/v1/format_query`: the query as it is printed prettily. */
export function handleFormatQuery(job: Job, parameters: URLSearchParams, settings: QuerySettings): ReadyAnswer {
  const text = parsed(job, parameters, settings, prettify);
  return answer(settings, (writer) => writer.text(JSON.stringify(text)));
}

/** `/api/v1/parse_query`: the syntax tree of the query. */
export function handleParseQuery(job: Job, parameters: URLSearchParams, settings: QuerySettings): ReadyAnswer {
  const expr = parsed(job, parameters, settings, (tree) => tree);
  return answer(settings, (writer) => writeTreeJson(expr, (text) => writer.text(text)));
}

/** What `use` makes of the query's tree; an error of either is one of the parameter. */
function parsed<T>(job: Job, parameters: URLSearchParams, settings: QuerySettings, use: (expr: Expr) => T): T {
  const text = parameters.get('query') ?? '';
  return forParameter('query', () => {
    if (text.length > QUERY_CHARACTERS_MAX)
      throw new Error(`${text.length} characters, want at most ${QUERY_CHARACTERS_MAX}`);
    return use(parseExpr(text, optionsOf(job, settings, settings.lookbackMs)));
  });
}

function answer({memoryBytesMax}: QuerySettings, write: (writer: AnswerWriter) => void): ReadyAnswer {
  const writer = new AnswerWriter(memoryBytesMax);
  writer.text('{"status":"success","data":');
  write(writer);
  writer.text('}');
  return writer.finish(200);
}
