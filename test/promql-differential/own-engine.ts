import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {instant, prepare, range} from '@narthex/promql/engine/engine.ts';
import {writeResultJson} from '@narthex/promql/engine/json-writer.ts';
import {QueryError} from '@narthex/promql/engine/query-error.ts';
import {bitsOf, MemoryStorage} from '@narthex/promql/memory-storage/memory-storage.ts';
import {ParseError} from '@narthex/promql/parse/errors.ts';
import type {PlainWrite} from '@narthex/remote/testing.ts';
import {type Answer, answered, failed} from './answer.ts';
import type {Question} from './random-query.ts';

/** For double_exponential_smoothing, which 2.42 calls holt_winters. */
export const PARSER_OPTIONS = {experimentalFunctions: true};
const BYTES_MAX = 256 * 1024 * 1024;
const TIMEOUT_MS = 20_000;

/** The engine of this project over a storage in memory, in this process. */
export class OwnEngine {
  readonly #storage = new MemoryStorage();
  readonly #memory = new KernelMemory({maximumBytes: BYTES_MAX});

  constructor(data: readonly PlainWrite[]) {
    for (const {labels, samples} of data) {
      const of = Labels.of(labels);
      for (const [time, value] of samples)
        this.#storage.append(of, time, typeof value === 'bigint' ? value : bitsOf(value));
    }
  }

  ask({text, times}: Question): Answer {
    const memory = this.#memory;
    const run = {querier: this.#storage.querier(memory), memory, deadlineMs: performance.now() + TIMEOUT_MS};
    try {
      const query = prepare(text, PARSER_OPTIONS);
      const {startMs, endMs, stepMs} = times;
      const result = stepMs === 0 ? instant(query, run, startMs) : range(query, run, startMs, endMs, stepMs);
      const json = Buffer.concat([...writeResultJson(result)]).toString();
      result.release();
      return answered(json);
    } catch (error) {
      if (error instanceof QueryError || error instanceof ParseError) return failed(error.message);
      throw error;
    }
  }
}
