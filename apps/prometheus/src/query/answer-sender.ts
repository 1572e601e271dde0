import type {MessagePort} from 'node:worker_threads';
import {GzipWriter} from '@narthex/http/compression.ts';
import type {ReadyAnswer} from './answer.ts';
import {control, type JobMessage, type JobOutcome, stopReason} from './messages.ts';

const JSON_HEADERS = {'Content-Type': 'application/json'};
/** Below this, compressing costs more than it saves. */
const GZIP_BYTES_MIN = 1024;
/** A small answer goes in one message. */
const WHOLE_BYTES_MAX = 64 * 1024;
/** How long to sleep for credit before looking at the stop flag again. */
const CREDIT_POLL_MS = 1000;

/** Sends answers of a query thread to the main thread, in pieces and not faster than the client takes them. */
export class AnswerSender {
  readonly #port: MessagePort;
  readonly #words: Int32Array;

  constructor(port: MessagePort, words: Int32Array) {
    this.#port = port;
    this.#words = words;
  }

  send(id: number, answer: ReadyAnswer, gzip: boolean, outcome: JobOutcome): void {
    const zipped = gzip && answer.bytes >= GZIP_BYTES_MIN;
    const headers: Record<string, string> = zipped
      ? {...JSON_HEADERS, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding'}
      : JSON_HEADERS;
    const pieces = zipped ? gzipped(answer.pieces) : answer.pieces;
    if (answer.bytes <= WHOLE_BYTES_MAX) {
      const bytes = joined([...pieces]);
      this.#post({kind: 'whole', id, status: answer.status, headers, bytes, outcome}, bytes);
      return;
    }
    this.#post({kind: 'head', id, status: answer.status, headers});
    let complete = true;
    for (const bytes of pieces) {
      complete = this.#waitForCredit();
      if (!complete) break;
      this.#post({kind: 'part', id, bytes}, bytes);
    }
    this.#post({kind: 'end', id, outcome: {...outcome, complete}});
  }

  /** False when the job is to stop: the client is gone, or takes nothing. */
  #waitForCredit(): boolean {
    for (;;) {
      if (Atomics.load(this.#words, control.stop) !== stopReason.none) return false;
      if (Atomics.load(this.#words, control.credit) > 0) break;
      Atomics.wait(this.#words, control.credit, 0, CREDIT_POLL_MS);
    }
    Atomics.sub(this.#words, control.credit, 1);
    return true;
  }

  #post(message: JobMessage, bytes?: Uint8Array<ArrayBuffer>): void {
    this.#port.postMessage(message, bytes ? [bytes.buffer] : []);
  }
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function* gzipped(pieces: Iterable<Uint8Array<ArrayBuffer>>): Generator<Uint8Array<ArrayBuffer>> {
  const writer = new GzipWriter();
  yield writer.begin();
  for (const piece of pieces) yield writer.piece(piece);
  yield writer.end();
}
