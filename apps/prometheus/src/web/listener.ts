import type {RequestListener, Server} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {plainHttp} from '@narthex/http/node-http.ts';

export interface ListenerOptions {
  readonly addresses: readonly string[];
  /** Simultaneous connections over all addresses; further ones are closed at once. */
  readonly connectionsMax: number;
  /** For reading a request, and for idle connections. */
  readonly readTimeoutMs: number;
}

/** An address that cannot be listened on; the message says which and why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** HTTP servers on one or more addresses that share one handler and one limit of connections. */
export class Listener {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** Addresses in use, once `listen` is done. */
  get addresses(): AddressInfo[] {
    return this.#servers.map((server) => server.address() as AddressInfo);
  }

  /** Throws ListenError. */
  async listen(options: ListenerOptions, handler: RequestListener): Promise<void> {
    for (const address of options.addresses) {
      const server = plainHttp.createServer(
        {requestTimeout: options.readTimeoutMs, keepAliveTimeout: options.readTimeoutMs},
        handler,
      );
      server.on('connection', (socket) => this.#admit(socket, options.connectionsMax));
      this.#servers.push(server);
      await listenOn(server, address);
    }
  }

  /** Take no new connections, end idle ones at once and the others after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
    for (const server of this.#servers) server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  #admit(socket: Socket, connectionsMax: number): void {
    if (this.#sockets.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function listenOn(server: Server, address: string): Promise<void> {
  const {host, port} = splitAddress(address);
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'address already in use' : cause.message;
      reject(new ListenError(`listen tcp ${address}: bind: ${why}`, {cause}));
    });
    server.listen({host, port}, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** `host:port`, `:port` and `[::1]:port`; an empty host is every address of the machine. */
function splitAddress(address: string): {host: string | undefined; port: number} {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65535) throw new ListenError(`listen address ${JSON.stringify(address)}: want host:port`);
  return {host: (match[1] ?? match[2]) || undefined, port};
}
