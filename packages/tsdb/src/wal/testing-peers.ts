import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

/** The real Prometheus, as an oracle in tests: in `PEERS_DIR`, or below the temporary folder; undefined when it isn't there. */
export function prometheusBinary(): string | undefined {
  const folders = [process.env['PEERS_DIR'], path.join(os.tmpdir(), 'peers/root/usr/bin')];
  return folders
    .filter((folder) => folder !== undefined)
    .map((folder) => path.join(folder, 'prometheus'))
    .find((file) => fs.existsSync(file));
}

/** A sample as the API tells it: seconds and text. */
export type ApiSample = readonly [seconds: number, value: string];

/** A running Prometheus on a data folder. */
export class TestPrometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** Start it, wait until it answers. With `scrape`, it scrapes itself so often. It takes native histograms, exemplars and late samples. */
  static async start(binary: string, dir: string, scrape?: string): Promise<TestPrometheus> {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const config = path.join(dir, '..', `prometheus-${port}.json`);
    const job = {job_name: 'self', scrape_interval: scrape, static_configs: [{targets: [address]}]};
    const storage = {tsdb: {out_of_order_time_window: '1h'}, exemplars: {max_exemplars: 1000}};
    fs.writeFileSync(config, JSON.stringify({storage, scrape_configs: scrape === undefined ? [] : [job]}));
    const flags = [`--config.file=${config}`, `--storage.tsdb.path=${dir}`, `--web.listen-address=${address}`];
    flags.push('--enable-feature=native-histograms,exemplar-storage');
    const child = spawn(binary, flags, {stdio: 'ignore'});
    const server = new TestPrometheus(child, `http://${address}`);
    await server.#ready();
    return server;
  }

  async #ready(): Promise<void> {
    for (let round = 0; round < 600 && this.#child.exitCode === null; round++) {
      const answer = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(50);
    }
    throw new Error('Prometheus did not start');
  }

  /** The answer to an instant query as rows of the labels and the samples (one of a vector, several of a matrix). */
  async query(query: string, timeSeconds: number): Promise<{metric: Record<string, string>; samples: ApiSample[]}[]> {
    const parameters = new URLSearchParams({query, time: String(timeSeconds)});
    const answer = await fetch(`${this.#url}/api/v1/query?${parameters}`);
    type Row = {metric: Record<string, string>; value?: ApiSample; values?: ApiSample[]};
    const {data} = (await answer.json()) as {data: {result: Row[]}};
    return data.result.map(({metric, value, values}) => ({metric, samples: values ?? (value ? [value] : [])}));
  }

  /** The data that an address of the API answers with. */
  async data(resource: string, parameters: Record<string, string>): Promise<unknown> {
    const answer = await fetch(`${this.#url}/api/v1/${resource}?${new URLSearchParams(parameters)}`);
    const {data} = (await answer.json()) as {data: unknown};
    return data;
  }

  /** A single number that a query gives. */
  async number(query: string, timeSeconds: number): Promise<number> {
    const [row] = await this.query(query, timeSeconds);
    return Number(row?.samples[0]?.[1]);
  }

  /** The end, at once. */
  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    if (this.#child.kill('SIGKILL')) await gone;
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as net.AddressInfo;
  server.close();
  return port;
}
