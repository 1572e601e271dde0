import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const READY_MS = 20_000;

export const ours = path.join(root, 'bin/prometheus');

/** The folder of the real programs, or undefined where they are not installed. */
export const peersFolder = [process.env['PEERS_DIR'], path.join(os.tmpdir(), 'peers')]
  .filter((dir) => dir !== undefined)
  .map((dir) => path.join(dir, 'root/usr/bin'))
  .find((dir) => fs.existsSync(path.join(dir, 'prometheus')));

export interface ServerOptions {
  readonly command?: string;
  readonly config?: string;
  readonly flags?: readonly string[];
  /** A folder to go on with, with configuration and data; else a fresh one. */
  readonly folder?: string;
  /** Files of the data; else those in the folder. */
  readonly data?: string;
}

/** What still runs: a test that fails on its way must leave nothing behind, and must not wait for it either. */
const living = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of living) server.child.kill('SIGKILL');
});

/** A server process under test, in a folder of its own, on a free port of the loopback interface. */
export class ServerProcess {
  readonly port: number;
  readonly folder: string;
  readonly child: ChildProcess;
  readonly #log: string[] = [];

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.folder = folder;
    this.child = child;
    child.stderr?.on('data', (data: Buffer) => this.#log.push(data.toString()));
    child.stdout?.on('data', (data: Buffer) => this.#log.push(data.toString()));
    living.add(this);
    child.once('exit', () => living.delete(this));
    child.unref();
    for (const stream of [child.stdout, child.stderr]) (stream as net.Socket | null)?.unref();
  }

  /** Start and wait until it says that it is ready. */
  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = await ServerProcess.spawn(options);
    await server.ready();
    return server;
  }

  /** Start without waiting. */
  static async spawn(options: ServerOptions = {}): Promise<ServerProcess> {
    const folder = options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-test-'));
    const config = path.join(folder, 'prometheus.yml');
    if (options.config !== undefined || !fs.existsSync(config)) fs.writeFileSync(config, options.config ?? '');
    const port = await freePort();
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${options.data ?? path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.flags ?? []),
    ];
    const child = spawn(options.command ?? ours, args, {stdio: ['ignore', 'pipe', 'pipe']});
    return new ServerProcess(port, folder, child);
  }

  get log(): string {
    return this.#log.join('');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async ready(): Promise<void> {
    for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(20)) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}:\n${this.log}`);
      const answer = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
    }
    throw new Error(`the server is not ready:\n${this.log}`);
  }

  /** The data of a successful API answer. */
  async api(route: string, parameters: Record<string, string | string[]> = {}): Promise<unknown> {
    const {status, body} = await this.get(`/api/v1/${route}`, parameters);
    if (status !== 200) throw new Error(`${route}: ${status} ${body}`);
    return (JSON.parse(body) as {data: unknown}).data;
  }

  async get(
    route: string,
    parameters: Record<string, string | string[]> = {},
  ): Promise<{status: number; body: string}> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) for (const each of [value].flat()) query.append(name, each);
    const answer = await fetch(`${this.url}${route}?${query}`);
    return {status: answer.status, body: await answer.text()};
  }

  /** End it at once, as a crash does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal);
      this.child.ref();
      await once(this.child, 'exit');
    }
    return this.child.exitCode;
  }

  /** End it and remove its files. */
  async destroy(): Promise<void> {
    await this.kill();
    fs.rmSync(this.folder, {recursive: true, force: true});
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
