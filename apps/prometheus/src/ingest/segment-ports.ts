import type {MessagePort} from 'node:worker_threads';
import type {SegmentMessage} from '@narthex/tsdb/head/segments.ts';
import type {FirstSegments} from '../query/segment-port.ts';

/** Announces segments of the head to all readers' threads. A message is with a reader's thread before anything in its segment is published. */
export class SegmentPorts {
  readonly #ports = new Set<MessagePort>();

  readonly announce = (message: SegmentMessage): void => {
    for (const port of this.#ports) port.postMessage(message);
  };

  /** A new reader is told of the segments that live, then of those that come. */
  connect(port: MessagePort, living: readonly SegmentMessage[]): void {
    const first: FirstSegments = {kind: 'first', living};
    port.postMessage(first);
    port.on('close', () => this.#ports.delete(port));
    this.#ports.add(port);
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}
