import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {type CopyBetween, loadCopy} from '@narthex/kernels/load.ts';
import {XOR_PADDING} from '@narthex/kernels/layout/xor-chunk.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {assert} from '../arena/errors.ts';
import type {SegmentMessage, SegmentSource} from './segments.ts';

/** Segment messages are waited for by looking again, this often; they were sent before whatever asks for them was published. */
const LOOKS_MAX = 1000;

/** Brings chunks from arena and segments to a reader's own memory. */
export class ChunkCopier {
  readonly #memory: KernelMemory;
  readonly #source: SegmentSource;
  readonly #fromArena: CopyBetween;
  readonly #fromSegment = new Map<number, CopyBetween>();
  readonly #memories = new Map<number, WebAssembly.Memory<SharedArrayBuffer>>();

  constructor(arena: ArenaReader, memory: KernelMemory, segments: readonly SegmentMessage[], source: SegmentSource) {
    this.#memory = memory;
    this.#source = source;
    this.#fromArena = loadCopy(arena.memory, memory.memory);
    for (const message of segments) this.#take(message);
  }

  /** Learn of new segments and let go of dropped ones. */
  refresh(): void {
    for (let message = this.#source.next(); message !== undefined; message = this.#source.next()) this.#take(message);
  }

  /** Copy `length` bytes at `address` of the arena to new memory, with padding behind them; the caller releases it. */
  fromArena(address: number, length: number): number {
    const to = this.#memory.alloc(length + XOR_PADDING);
    this.#fromArena(to, address, length);
    return to;
  }

  /** As `fromArena`, from `offset` of segment `id`. */
  fromSegment(id: number, offset: number, length: number): number {
    const to = this.#memory.alloc(length + XOR_PADDING);
    const copy = this.#fromSegment.get(id) ?? this.#open(id);
    copy(to, offset, length);
    return to;
  }

  #open(id: number): CopyBetween {
    for (let looks = 0; !this.#memories.has(id) && looks < LOOKS_MAX; looks++) this.refresh();
    const memory = this.#memories.get(id);
    assert(memory !== undefined, `segment ${id} was never announced to this reader`);
    const copy = loadCopy(memory, this.#memory.memory);
    this.#fromSegment.set(id, copy);
    return copy;
  }

  #take(message: SegmentMessage): void {
    if (message.kind === 'segment') this.#memories.set(message.id, message.memory);
    else {
      this.#memories.delete(message.id);
      this.#fromSegment.delete(message.id);
    }
  }
}
