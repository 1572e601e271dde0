import {setTimeout} from 'node:timers/promises';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {BlockMeta} from '../block/meta.ts';
import type {Head} from '../head/head.ts';
import {segmentsToCheckpoint} from '../wal/truncation.ts';
import type {WalWriter} from '../wal/writer.ts';
import type {CheckpointRange, ClosedOutOfOrder, HeadOwner, HeadState} from './head-owner.ts';

export interface LocalOwnerOptions {
  readonly head: Head;
  readonly wal: WalWriter;
  /** The log of out-of-order samples, when there is one. */
  readonly lateLog: () => WalWriter | undefined;
  /** The log has samples that the head does not: no block may seem to have all of its time. */
  readonly isPartial: boolean;
  /** The range of a block made of the head, ms. */
  readonly chunkRangeMs: number;
  /** Tells all readers of the blocks that are there, before the call returns. */
  readonly announce: (blocks: readonly BlockMeta[]) => void;
}

/** What chunks of samples out of order are made in. */
const CLOSE_MEMORY_MAX = 256 << 20;
/** Work of a truncation between two looks at what else there is: about a millisecond. */
const SLICE = 10_000;
/** A pause for other work, and how often readers are looked at that are waited for, ms. */
const LOOK_MS = 2;

/** The head and its log in the thread that writes them, as housekeeping wants them. */
export class LocalOwner implements HeadOwner {
  readonly #options: LocalOwnerOptions;
  #gone: readonly GoneRefs[] = [];

  constructor(options: LocalOwnerOptions) {
    this.#options = options;
    const {otherRefs, maxTime} = options.head;
    this.#remember(Float64Array.from(otherRefs), maxTime);
  }

  async state(): Promise<HeadState> {
    const {head, chunkRangeMs, isPartial} = this.#options;
    return {minTime: head.minTime, maxTime: head.maxTime, isPartial, chunkRangeMs};
  }

  async seal(timeMs: number): Promise<void> {
    const {head} = this.#options;
    head.minValidTime = Math.max(head.minValidTime, timeMs);
  }

  async publish(blocks: readonly BlockMeta[]): Promise<void> {
    this.#options.announce(blocks);
    const {epochs} = this.#options.head.arena;
    const epoch = epochs.advance();
    while (!epochs.hasPassed(epoch)) await setTimeout(LOOK_MS);
  }

  async truncate(timeMs: number): Promise<void> {
    const {head} = this.#options;
    const truncation = head.truncate(timeMs);
    await inSlices(truncation);
    this.#remember(truncation.removedRefs, timeMs);
  }

  async closeOutOfOrder(): Promise<ClosedOutOfOrder | undefined> {
    const {outOfOrder} = this.#options.head;
    if (outOfOrder.minTime > outOfOrder.maxTime) return undefined;
    const segment = this.#options.lateLog()?.nextSegment() ?? 0;
    const memory = new KernelMemory({maximumBytes: CLOSE_MEMORY_MAX});
    const closing = outOfOrder.close(memory);
    await inSlices(closing);
    const {minTime, maxTime} = outOfOrder;
    return {minTime, maxTime, boundary: closing.boundary, segment};
  }

  async truncateOutOfOrder({boundary, segment}: ClosedOutOfOrder): Promise<void> {
    const {head, lateLog} = this.#options;
    await inSlices(head.outOfOrder.truncate(boundary));
    lateLog()?.removeBefore(segment);
  }

  async beginCheckpoint(): Promise<CheckpointRange | undefined> {
    const {wal} = this.#options;
    wal.nextSegment();
    const range = segmentsToCheckpoint(wal.segments());
    if (range === undefined) return undefined;
    return {...range, ...byRef(this.#gone)};
  }

  async endCheckpoint(last: number, minTime: number): Promise<void> {
    this.#options.wal.removeBefore(last + 1);
    this.#gone = this.#gone.filter(({neededUntil}) => neededUntil >= minTime);
  }

  #remember(refs: Float64Array, neededUntil: number): void {
    if (refs.length > 0) this.#gone = [...this.#gone, {refs, neededUntil}];
  }
}

/** Work that waits for readers in the end would otherwise take the whole processor until the longest query is through. */
async function inSlices(work: {step(limit: number): boolean}): Promise<void> {
  while (!work.step(SLICE)) await setTimeout(LOOK_MS);
}

/** References that no series has any more, and the time (ms) until which the log may have samples of them. */
interface GoneRefs {
  readonly refs: Float64Array;
  readonly neededUntil: number;
}

/** All references, rising, with their times. */
function byRef(lists: readonly GoneRefs[]): Pick<CheckpointRange, 'gone' | 'neededUntil'> {
  const refs = lists.flatMap((list) => Array.from(list.refs));
  const times = lists.flatMap((list) => Array.from(list.refs, () => list.neededUntil));
  const order = Uint32Array.from(refs.keys()).sort((a, b) => refs[a]! - refs[b]!);
  return {gone: Float64Array.from(order, (i) => refs[i]!), neededUntil: Float64Array.from(order, (i) => times[i]!)};
}
