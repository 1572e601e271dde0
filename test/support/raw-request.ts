import {once} from 'node:events';
import net from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ServerProcess} from './process.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');

/** A connection on which bytes are written as a test likes, not as a client of HTTP would. */
export class RawRequest {
  readonly socket: net.Socket;
  #received = '';
  #ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (data) => (this.#received += data.toString('latin1')));
    socket.on('close', () => (this.#ended = true));
    // The server may cut off what it does not want to read.
    socket.on('error', () => {});
  }

  static async open(server: ServerProcess, head: readonly string[]): Promise<RawRequest> {
    const socket = net.connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`${[...head, 'Host: test'].join('\r\n')}\r\n\r\n`);
    return new RawRequest(socket);
  }

  /** What came so far. */
  get received(): string {
    return this.#received;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Write chunks of a body until `bytes` are sent or the server ends the connection; gives the bytes that it took. */
  async stream(bytes: number): Promise<number> {
    const {socket} = this;
    const chunk = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);
    let sent = 0;
    for (; sent < bytes && socket.writable; sent += PIECE.length) {
      const isTaken = await new Promise<boolean>((resolve) => {
        socket.write(chunk, (error) => resolve(!error));
        if (this.#ended) resolve(false);
      });
      if (!isTaken) break;
    }
    return sent;
  }

  /** The status line of the answer, once it or the end of the connection is there; '' when it ended without. */
  async status(): Promise<string> {
    while (!this.#received.includes('\r\n') && !this.#ended) await sleep(5);
    return this.#received.split('\r\n', 1)[0]!;
  }
}
