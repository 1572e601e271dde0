import {type MessagePort, receiveMessageOnPort} from 'node:worker_threads';
import type {SegmentMessage, SegmentSource} from '@narthex/tsdb/head/segments.ts';

/** How long to wait for the first message before looking again. */
const POLL_MS = 5;

/** What the writer sends a new reader first: all segments that live. */
export interface FirstSegments {
  readonly kind: 'first';
  readonly living: readonly SegmentMessage[];
}

/** Reads what the head announces to this thread, synchronously: a query that is at work cannot wait for its event loop. */
export class SegmentPort implements SegmentSource {
  readonly #port: MessagePort;
  readonly #queue: SegmentMessage[] = [];
  #begun = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Blocks until the writer has told of the segments that live. */
  next(): SegmentMessage | undefined {
    while (!this.#begun) if (!this.#receive()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    if (this.#queue.length === 0) this.#receive();
    return this.#queue.shift();
  }

  #receive(): boolean {
    const received = receiveMessageOnPort(this.#port) as {message: SegmentMessage | FirstSegments} | undefined;
    if (!received) return false;
    const {message} = received;
    if (message.kind === 'first') {
      this.#begun = true;
      this.#queue.push(...message.living);
    } else this.#queue.push(message);
    return true;
  }
}
