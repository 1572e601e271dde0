import assert from 'node:assert/strict';
import type {PlainWrite} from '@narthex/remote/testing.ts';
import {postWrite} from './remote-write.ts';
import {BEGIN_S} from './sample-data.ts';
import type {ServerProcess} from './process.ts';

const SERIES = 20;
const SAMPLES = 3;
const SPACING_MS = 10;

/** A sender that goes on with the same series and knows what it was told was stored. Values count up, so that a gap shows. */
export class Sender {
  readonly #name: string;
  /** Requests sent so far; the one that failed is sent again. */
  acknowledged = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Send the next request; gives the status. Rejects when the server is gone. */
  async send(server: ServerProcess): Promise<number> {
    const {status} = await postWrite(server.url, this.#request(this.acknowledged));
    if (status === 204) this.acknowledged++;
    return status;
  }

  /** Send until the server is gone or refuses; gives the status of the refusal. */
  async sendOn(server: ServerProcess): Promise<number | undefined> {
    for (;;) {
      const status = await this.send(server).catch(() => undefined);
      if (status !== 204) return status;
    }
  }

  /** Send what was not acknowledged again. It may have been stored all the same: then it is refused for being out of order, as upstream does. */
  async resume(server: ServerProcess): Promise<void> {
    const {status, body} = await postWrite(server.url, this.#request(this.acknowledged));
    if (status !== 204) assert.match(`${status} ${body}`, /^400 .*out of order/);
    this.acknowledged++;
  }

  /** Each series must have all samples of the first `requests` requests at least, and nothing that was never sent. */
  async check(server: ServerProcess, requests = this.acknowledged): Promise<void> {
    const query = `load{sender="${this.#name}"}[1d]`;
    const data = await server.api('query', {query, time: String(BEGIN_S + 3600)});
    const {result} = data as {result: {metric: {number: string}; values: [number, string][]}[]};
    if (requests > 0) assert.equal(result.length, SERIES, `series of ${this.#name}`);
    for (const {metric, values} of result) {
      const where = `${this.#name}, series ${metric.number}`;
      assert.ok(values.length >= requests * SAMPLES, `${where}: ${values.length} samples, ${requests} requests`);
      assert.deepEqual(
        values,
        values.map((_, n) => [(BEGIN_S * 1000 + n * SPACING_MS) / 1000, String(n)]),
        where,
      );
    }
  }

  #request(k: number): PlainWrite[] {
    return Array.from({length: SERIES}, (_, number) => ({
      labels: [
        ['__name__', 'load'],
        ['number', String(number)],
        ['sender', this.#name],
      ] as const,
      samples: Array.from({length: SAMPLES}, (_, s) => {
        const n = k * SAMPLES + s;
        return [BEGIN_S * 1000 + n * SPACING_MS, n] as const;
      }),
    }));
  }
}
