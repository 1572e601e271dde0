import {type MessagePort, receiveMessageOnPort} from 'node:worker_threads';
import type {BlockMeta} from '@narthex/tsdb/block/meta.ts';
import type {SegmentMessage, SegmentSource} from '@narthex/tsdb/head/segments.ts';

/** How long to wait for the first message before looking again. */
const POLL_MS = 5;

/** What the writer sends a new reader first: all segments that live, and all blocks. */
export interface FirstSegments {
  readonly kind: 'first';
  readonly living: readonly SegmentMessage[];
  readonly blocks: readonly BlockMeta[];
}

/** From now on these are the blocks to read. */
export interface BlocksMessage {
  readonly kind: 'blocks';
  readonly blocks: readonly BlockMeta[];
}

/** Reads what the writer announces to this thread, synchronously: a query that is at work cannot wait for its event loop. */
export class SegmentPort implements SegmentSource {
  readonly #port: MessagePort;
  readonly #queue: SegmentMessage[] = [];
  #begun = false;
  /** The newest list of blocks that came; to be used from the begin of a query on, not in the middle of one. */
  blocks: readonly BlockMeta[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Blocks until the writer has told of the segments that live. */
  next(): SegmentMessage | undefined {
    while (!this.#begun) if (!this.#receive()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    while (this.#queue.length === 0 && this.#receive());
    return this.#queue.shift();
  }

  #receive(): boolean {
    const received = receiveMessageOnPort(this.#port) as
      | {message: SegmentMessage | FirstSegments | BlocksMessage}
      | undefined;
    if (!received) return false;
    const {message} = received;
    if (message.kind === 'first') this.#queue.push(...message.living);
    else if (message.kind !== 'blocks') this.#queue.push(message);
    if (message.kind === 'first' || message.kind === 'blocks') this.blocks = message.blocks;
    this.#begun = true;
    return true;
  }
}
