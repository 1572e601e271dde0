import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Arena} from '../arena/arena.ts';
import {ChunkBuilder} from '../chunk/builder.ts';
import type {ChunkKeeper} from './chunk-keeper.ts';
import {type ClosedChunk, writeClosedChunk} from './closed-chunks.ts';
import {GrowingRows} from './growing-rows.ts';
import type {OpenSamples} from './open-samples.ts';
import type {Segments} from './segments.ts';
import type {SeriesRef} from './types.ts';

// A chunk on its way: where its bytes begin and how many there are, times of its first and last sample, encoding, samples, file and offset.
const FROM = 0;
const LENGTH = 1;
const MIN_TIME = 2;
const MAX_TIME = 3;
const ENCODING = 4;
const SAMPLES = 5;
const FILE = 6;
const FILE_OFFSET = 7;
const WIDTH = 8;
const TWO_32 = 2 ** 32;

/** Out-of-order chunks of one commit: encoded and on disk, but in no segment before it is sure that the commit takes place. */
export class OutOfOrderChunks {
  readonly #arena: Arena;
  readonly #segments: Segments;
  readonly #rows = new GrowingRows(new Float64Array(16 * WIDTH), WIDTH);
  #bytes = new Uint8Array(16_384);
  #used = 0;
  #memory: KernelMemory | undefined;
  #builder: ChunkBuilder | undefined;
  keeper: ChunkKeeper | undefined;

  constructor(arena: Arena, segments: Segments) {
    this.#arena = arena;
    this.#segments = segments;
  }

  get count(): number {
    return this.#rows.count;
  }

  /**
   * Encode all of `open`: mostly one chunk, more when its samples don't share one. Gives the place of the last one on disk (file * 2^32 +
   * offset), 0 when one of them could not be kept. Takes scratch space from `memory` and gives it back.
   */
  encode(memory: KernelMemory, ref: SeriesRef, open: OpenSamples): number {
    const builder = this.#builderFor(memory);
    const mark = memory.mark();
    const {count} = open;
    const times = open.copyTo(memory);
    builder.begin(times, times + 8 * count, times + 16 * count, count);
    let isKept = true;
    let place = 0;
    while (builder.next()) {
      place = this.#stage(ref, builder);
      if (place === 0) isKept = false;
    }
    memory.release(mark);
    return isKept ? place : 0;
  }

  /** Put chunk `k` into a segment and describe it at `entry` of a list. */
  store(k: number, entry: number): void {
    const {cells} = this.#rows;
    const row = k * WIDTH;
    const from = cells[row + FROM];
    const length = cells[row + LENGTH];
    this.#segments.storeOutOfOrder(this.#bytes, from, from + length);
    writeClosedChunk(this.#arena, entry, {
      minTime: cells[row + MIN_TIME],
      maxTime: cells[row + MAX_TIME],
      segment: this.#segments.id,
      offset: this.#segments.offset,
      length,
      encoding: cells[row + ENCODING],
      samples: cells[row + SAMPLES],
      file: cells[row + FILE],
      fileOffset: cells[row + FILE_OFFSET],
    });
  }

  /** A chunk that is on disk already. */
  add(chunk: StagedChunk, bytes: Uint8Array): void {
    const from = this.#used;
    if (from + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(from + bytes.length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, from));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, from);
    this.#used += bytes.length;
    const row = this.#rows.add();
    const {cells} = this.#rows;
    cells[row + FROM] = from;
    cells[row + LENGTH] = bytes.length;
    cells[row + MIN_TIME] = chunk.minTime;
    cells[row + MAX_TIME] = chunk.maxTime;
    cells[row + ENCODING] = chunk.encoding;
    cells[row + SAMPLES] = chunk.samples;
    cells[row + FILE] = chunk.file;
    cells[row + FILE_OFFSET] = chunk.fileOffset;
  }

  clear(): void {
    this.#rows.clear();
    this.#used = 0;
  }

  #stage(ref: SeriesRef, builder: ChunkBuilder): number {
    const {minTime, maxTime, encoding, samples, bytes} = builder;
    this.keeper?.keep(ref, minTime, maxTime, encoding, bytes, true);
    const file = this.keeper?.file ?? 0;
    const fileOffset = this.keeper?.fileOffset ?? 0;
    this.add({minTime, maxTime, encoding, samples, file, fileOffset}, bytes);
    return file * TWO_32 + fileOffset;
  }

  #builderFor(memory: KernelMemory): ChunkBuilder {
    if (this.#builder === undefined || this.#memory !== memory) this.#builder = new ChunkBuilder(memory);
    this.#memory = memory;
    return this.#builder;
  }
}

/** What is known of a chunk beside its encoded data. */
export type StagedChunk = Pick<ClosedChunk, 'minTime' | 'maxTime' | 'encoding' | 'samples' | 'file' | 'fileOffset'>;
