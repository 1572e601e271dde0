import type {PlainWrite} from '@narthex/remote/testing.ts';
import {ServerProcess, type ServerOptions} from '../support/process.ts';
import {postWrite} from '../support/remote-write.ts';
import {type Answer, answered, failed} from './answer.ts';
import type {Question} from './random-query.ts';

const FLAGS = ['--web.enable-remote-write-receiver'];
const DATA = /^\{"status":"success",("data":)(.*)\}\n?$/s;

/** A server that got the data by remote write. */
export class ServerEngine {
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess) {
    this.#server = server;
  }

  static async start(data: readonly PlainWrite[], options: ServerOptions = {}): Promise<ServerEngine> {
    const server = await ServerProcess.start({...options, flags: [...FLAGS, ...(options.flags ?? [])]});
    const {status, body} = await postWrite(server.url, data);
    if (status === 204) return new ServerEngine(server);
    await server.destroy();
    throw new Error(`remote write: ${status} ${body}`);
  }

  /** The answer in the server's own words; warnings and infos are not part of it. */
  async ask({text, times}: Question): Promise<Answer> {
    const {startMs, endMs, stepMs} = times;
    const seconds = (ms: number) => (ms / 1000).toFixed(3);
    const [route, parameters] =
      stepMs === 0
        ? ['query', {query: text, time: seconds(startMs)}]
        : ['query_range', {query: text, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs)}];
    const answer = await fetch(`${this.#server.url}/api/v1/${route}`, {
      method: 'POST',
      body: new URLSearchParams(parameters as Record<string, string>),
      signal: AbortSignal.timeout(30_000),
    });
    return read(await answer.text());
  }

  destroy(): Promise<void> {
    return this.#server.destroy();
  }
}

function read(body: string): Answer {
  const data = DATA.exec(body)?.[2];
  if (data !== undefined) return answered(dataOf(data));
  const {error} = JSON.parse(body) as {error?: string};
  if (error === undefined) throw new Error(`no answer of the API: ${body.slice(0, 300)}`);
  return failed(error.replace(/^invalid parameter "query": /, ''));
}

/** Without the warnings and infos behind it. */
const dataOf = (text: string): string => text.replace(/\}(,"(?:warnings|infos)":\[.*\])+$/s, '}');
