import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {instant, prepare, type PrepareOptions, type PreparedQuery, range} from '../engine/engine.ts';
import type {QueryRun} from '../engine/query-context.ts';
import {QueryError} from '../engine/query-error.ts';
import type {QueryResult} from '../engine/query-result.ts';
import type {MemoryStorage} from '../memory-storage/memory-storage.ts';
import {ParseError} from '../parse/errors.ts';
import {SCRIPT_PARSER_OPTIONS} from './judge.ts';
import type {Answer, AnswerRow, AnswerValue, FailedAnswer, ScriptEngine} from './script-engine.ts';

/** Settings of upstream's runner. */
const OPTIONS = {
  ...SCRIPT_PARSER_OPTIONS,
  delayedNameRemoval: true,
  useStartTimestamps: true,
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
};
const TIMEOUT_MS = 100_000;
const QUERY_BYTES_MAX = 256 * 1024 * 1024;

/** The engine of this package, unless told otherwise with the settings that upstream's scripts are written for. */
export class NarthexEngine implements ScriptEngine {
  readonly #storage: MemoryStorage;
  readonly #options: PrepareOptions;
  /** Each query leaves it as it was. */
  readonly #memory: KernelMemory;

  constructor(
    storage: MemoryStorage,
    samplesMax = 10_000,
    options: PrepareOptions = OPTIONS,
    memory = new KernelMemory({maximumBytes: QUERY_BYTES_MAX}),
  ) {
    this.#storage = storage;
    this.#memory = memory;
    this.#options = {...options, samplesMax};
  }

  instant(text: string, timeMs: number): Answer | FailedAnswer {
    return this.#answer(text, (query, run) => instant(query, run, timeMs));
  }

  range(text: string, startMs: number, endMs: number, stepMs: number): Answer | FailedAnswer {
    return this.#answer(text, (query, run) => range(query, run, startMs, endMs, stepMs));
  }

  #answer(text: string, evaluate: (query: PreparedQuery, run: QueryRun) => QueryResult): Answer | FailedAnswer {
    const memory = this.#memory;
    try {
      const run = {querier: this.#storage.querier(memory), memory, deadlineMs: performance.now() + TIMEOUT_MS};
      return answerOf(evaluate(prepare(text, this.#options), run));
    } catch (error) {
      if (error instanceof QueryError || error instanceof ParseError) return {error: error.message};
      throw error;
    }
  }
}

function answerOf(result: QueryResult): Answer {
  const answer = {...result.annotations(0), value: valueOf(result)};
  result.release();
  return answer;
}

function valueOf(result: QueryResult): AnswerValue {
  const {value} = result;
  if (value.type === 'string' || value.type === 'scalar') return value;
  const rows: AnswerRow[] = [];
  result.forEachRow((labels, samples) => rows.push({labels, samples}));
  return {type: value.type, rows};
}
