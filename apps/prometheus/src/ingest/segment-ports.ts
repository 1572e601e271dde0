import type {MessagePort} from 'node:worker_threads';
import type {BlockMeta} from '@narthex/tsdb/block/meta.ts';
import type {SegmentMessage} from '@narthex/tsdb/head/segments.ts';
import type {BlocksMessage, FirstSegments} from '../query/segment-port.ts';

/**
 * Announces segments of the head, and blocks, to all readers' threads. A message is with a reader's thread before anything in its segment is
 * published, and a list of blocks before what they have is taken out of the head.
 */
export class SegmentPorts {
  readonly #ports = new Set<MessagePort>();
  #blocks: readonly BlockMeta[] = [];

  readonly announce = (message: SegmentMessage): void => {
    for (const port of this.#ports) port.postMessage(message);
  };

  readonly announceBlocks = (blocks: readonly BlockMeta[]): void => {
    this.#blocks = blocks;
    const message: BlocksMessage = {kind: 'blocks', blocks};
    for (const port of this.#ports) port.postMessage(message);
  };

  /** A new reader is told of the segments and blocks that are there, then of those that come. */
  connect(port: MessagePort, living: readonly SegmentMessage[]): void {
    const first: FirstSegments = {kind: 'first', living, blocks: this.#blocks};
    port.postMessage(first);
    port.on('close', () => this.#ports.delete(port));
    this.#ports.add(port);
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}
