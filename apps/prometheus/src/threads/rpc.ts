import type {MessagePort} from 'node:worker_threads';

/** What one thread offers another: functions of one structured-cloneable argument. */
export type Calls = Record<string, (argument: never) => unknown>;

/** What moves to the other thread instead of being copied. */
export type TransferList = NonNullable<Parameters<MessagePort['postMessage']>[1]> & readonly unknown[];

type ArgumentOf<C extends Calls, K extends keyof C> = Parameters<C[K]>[0];
type ResultOf<C extends Calls, K extends keyof C> = Awaited<ReturnType<C[K]>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: {readonly message: string; readonly code: string | undefined};
}

/** A call that failed in the other thread. `code` is that of the error there, if it had one. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** Calls functions in the thread at the other end of `port`. */
export class Caller<C extends Calls> {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, {resolve: (value: never) => void; reject: (error: Error) => void}>();
  #nextId = 1;
  #gone: string | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: Reply) => this.#receive(reply));
    port.on('close', () => this.fail('the thread is gone'));
  }

  /** Rejects with CallError when the function throws, or the thread ends first. What is in `transfer` is gone here. */
  call<K extends keyof C & string>(
    name: K,
    argument: ArgumentOf<C, K>,
    transfer: TransferList = [],
  ): Promise<ResultOf<C, K>> {
    if (this.#gone !== undefined) return Promise.reject(new CallError(this.#gone, 'gone'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {resolve, reject});
      const request: Request = {id, name, argument};
      this.#port.postMessage(request, transfer);
    });
  }

  /** Every call that waits, and every later one, fails with `why`. */
  fail(why: string): void {
    this.#gone ??= why;
    for (const {reject} of this.#waiting.values()) reject(new CallError(why, 'gone'));
    this.#waiting.clear();
  }

  #receive({id, value, error}: Reply): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (error) waiting.reject(new CallError(error.message, error.code));
    else waiting.resolve(value as never);
  }
}

/** Answer the calls that come in at `port`. */
export function serveCalls<C extends Calls>(port: MessagePort, calls: C): void {
  port.on('message', async ({id, name, argument}: Request) => {
    port.postMessage(await answer(calls, id, name, argument));
  });
}

async function answer(calls: Calls, id: number, name: string, argument: unknown): Promise<Reply> {
  try {
    const call = calls[name];
    if (!call) throw new Error(`no call ${name}`);
    return {id, value: await call(argument as never)};
  } catch (error) {
    const {message, code} = error as Error & {code?: string};
    return {id, error: {message, code}};
  }
}
