// Closed chunks lie at their exact size in segments: shared memories of one size, each for chunks of one time range, filled
// from the front and dropped whole. Bytes in a segment never change once a chunk there was published.

/** What the writer tells readers: a segment is there (told before any chunk in it can be seen), or will not be read again. */
export type SegmentMessage =
  | {readonly kind: 'segment'; readonly id: number; readonly memory: WebAssembly.Memory<SharedArrayBuffer>}
  | {readonly kind: 'dropped'; readonly id: number};

/** The reader's end: gives the messages in the order they were sent, without waiting; undefined when there is none. */
export interface SegmentSource {
  next(): SegmentMessage | undefined;
}

/** Messages for readers in the writer's own thread. */
export class SegmentBoard {
  readonly #queues = new Set<SegmentMessage[]>();

  /** Hand this to the head. */
  readonly announce = (message: SegmentMessage): void => {
    for (const queue of this.#queues) queue.push(message);
  };

  /** The messages to one reader from now on. */
  source(): SegmentSource {
    const queue: SegmentMessage[] = [];
    this.#queues.add(queue);
    return {next: () => queue.shift()};
  }
}

const PAGE_BYTES = 65536;
/** Reads in pieces of eight may touch so many bytes behind a chunk. */
const PADDING = 16;

class Segment {
  readonly id: number;
  readonly memory: WebAssembly.Memory<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  usedBytes = 0;
  /** Takes no more chunks. */
  isSealed = false;

  constructor(id: number, pages: number) {
    this.id = id;
    const memory = new WebAssembly.Memory({initial: pages, maximum: pages, shared: true});
    this.memory = memory as unknown as WebAssembly.Memory<SharedArrayBuffer>;
    this.bytes = new Uint8Array(this.memory.buffer);
  }
}

/** The segments of one writer. */
export class Segments {
  readonly #pages: number;
  readonly #rangeMs: number;
  readonly #announce: (message: SegmentMessage) => void;
  /** By number of the time range, the one being filled last. */
  readonly #ranges = new Map<number, Segment[]>();
  /** Of chunks out of order, the one being filled last. */
  #outOfOrder: Segment[] = [];
  #nextId = 1;
  #usedBytes = 0;
  /** Where `store` put the last chunk. */
  id = 0;
  offset = 0;

  constructor(segmentBytes: number, rangeMs: number, announce: (message: SegmentMessage) => void) {
    this.#pages = Math.max(1, Math.ceil(segmentBytes / PAGE_BYTES));
    this.#rangeMs = rangeMs;
    this.#announce = announce;
  }

  /** Bytes of all chunks. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get count(): number {
    let count = this.#outOfOrder.length;
    for (const segments of this.#ranges.values()) count += segments.length;
    return count;
  }

  /** The messages that a new reader needs. */
  living(): SegmentMessage[] {
    return [...this.#ranges.values(), this.#outOfOrder].flat().map(({id, memory}) => ({kind: 'segment', id, memory}));
  }

  /** Copy the chunk `source[from, to)` whose first sample is at `timeMs`; `id` and `offset` then say where it is. */
  store(timeMs: number, source: Uint8Array, from: number, to: number): void {
    const range = Math.trunc(timeMs / this.#rangeMs);
    let segments = this.#ranges.get(range);
    if (segments === undefined) this.#ranges.set(range, (segments = []));
    this.#put(segments, source, from, to);
  }

  /** As `store`, for a chunk that goes by the time it was stored, not by its own: ids only rise. */
  storeOutOfOrder(source: Uint8Array, from: number, to: number): void {
    this.#put(this.#outOfOrder, source, from, to);
  }

  /** The id that the segments of all later out-of-order chunks are not below, those of earlier ones are. */
  sealOutOfOrder(): number {
    const last = this.#outOfOrder.at(-1);
    if (last !== undefined) last.isSealed = true;
    return this.#nextId;
  }

  /** As `dropBefore`, for out-of-order chunks in segments below `id`. */
  dropOutOfOrderBefore(id: number): void {
    for (const segment of this.#outOfOrder) if (segment.id < id) this.#drop(segment);
    this.#outOfOrder = this.#outOfOrder.filter((segment) => segment.id >= id);
  }

  #put(segments: Segment[], source: Uint8Array, from: number, to: number): void {
    const segment = this.#withRoom(segments, to - from);
    segment.bytes.set(source.subarray(from, to), segment.usedBytes);
    this.id = segment.id;
    this.offset = segment.usedBytes;
    segment.usedBytes += to - from;
    this.#usedBytes += to - from;
  }

  /** Forget the segments of all ranges that end at or before `timeMs`, and tell readers to; call it when no chunk there can be found. */
  dropBefore(timeMs: number): void {
    for (const [range, segments] of this.#ranges) {
      if ((range + 1) * this.#rangeMs > timeMs) continue;
      this.#ranges.delete(range);
      for (const segment of segments) this.#drop(segment);
    }
  }

  #drop(segment: Segment): void {
    this.#usedBytes -= segment.usedBytes;
    this.#announce({kind: 'dropped', id: segment.id});
  }

  #withRoom(segments: Segment[], bytes: number): Segment {
    const last = segments.at(-1);
    if (last !== undefined && !last.isSealed && last.usedBytes + bytes + PADDING <= last.bytes.length) return last;
    const segment = new Segment(this.#nextId++, this.#pages);
    segments.push(segment);
    this.#announce({kind: 'segment', id: segment.id, memory: segment.memory});
    return segment;
  }
}
