import {
  OPEN_DATA,
  OPEN_ENCODING,
  XOR_BITS,
  XOR_CAPACITY,
  XOR_COUNT,
  XOR_FIRST_TIME,
  XOR_LAST_TIME,
  XOR_PADDING,
} from '@narthex/kernels/layout/xor-chunk.ts';
import type {CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import type {RecordViews} from '@narthex/model/histogram/record.ts';
import type {Arena} from '../arena/arena.ts';
import {HistogramChunkEncoder, type HistogramOutcome} from '../chunk/histogram-encoder.ts';
import {HISTOGRAM_HEADER_BYTES} from '../chunk/histogram-format.ts';
import {openChunkLength} from './open-chunk.ts';

// An open chunk of histograms has the common header of open chunks (layout/xor-chunk.ts), then its data as it is stored, the writer's count of samples
// included; readers put the count of their commit in its place (chunk/histogram-format.ts, `writeHistogramSamples`).
//
// What the encoder knows of a chunk (the last numbers of each bucket, their changes, windows) is several times the chunk and is not kept: a chunk is decoded
// once before each append. That takes some microseconds at the sizes at which chunks are cut, and nothing when the same chunk is appended to again.

/** Where the data lies, from the chunk's address on. */
const DATA = 32;
const CAPACITY_STEP = 32;
const GROWTH = 1.4;
const TWO_32 = 2 ** 32;

/** The writer's side of open histogram chunks: appends one histogram at a time. One of them makes and changes all of an arena's. */
export class HistogramAppender {
  /** After an append the address of the chunk. Where it is another one than before, publish it and retire the old one (`openChunkBytes`). */
  chunk = 0;

  readonly #arena: Arena;
  readonly #encoder = new HistogramChunkEncoder();
  /** The chunk the encoder stands at the end of; 0 for none. */
  #current = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** After `new chunk`: what that chunk is to begin with. */
  get nextHeader(): CounterReset {
    return this.#encoder.nextHeader;
  }

  /** Makes a chunk with its first histogram; gives its address. Throws ArenaFullError, and nothing was done then. */
  open(
    encoding: number,
    header: CounterReset,
    views: RecordViews,
    timeMs: number,
    startMs: number,
    record: number,
  ): number {
    this.#current = 0;
    this.#encoder.begin(encoding, header);
    this.#encoder.append(views, timeMs, startMs, record);
    return this.#place();
  }

  /** As `open` for a chunk that begins with the end of the series. */
  openStale(encoding: number, header: CounterReset, timeMs: number, startMs: number): number {
    this.#current = 0;
    this.#encoder.begin(encoding, header);
    this.#encoder.appendStale(timeMs, startMs);
    return this.#place();
  }

  /** Makes a chunk of data that is complete already, as a snapshot has it; gives its address. Throws a ChunkError for corrupt data. */
  restore(encoding: number, bytes: Uint8Array, from: number, to: number): number {
    this.#current = 0;
    this.#encoder.resume(encoding, bytes, from, to);
    return this.#place();
  }

  /**
   * Appends the histogram of a record to a chunk, in place or, when it is recoded or does not fit, to a larger copy: then `chunk` is another address.
   * The old chunk stays as it is until it is retired. Throws ArenaFullError, and nothing was done then.
   */
  append(chunk: number, views: RecordViews, timeMs: number, startMs: number, record: number): HistogramOutcome {
    this.#enter(chunk);
    return this.#leave(chunk, this.#encoder.append(views, timeMs, startMs, record));
  }

  /** As `append` for the end of the series. */
  appendStale(chunk: number, timeMs: number, startMs: number): HistogramOutcome {
    this.#enter(chunk);
    return this.#leave(chunk, this.#encoder.appendStale(timeMs, startMs));
  }

  /** What a chunk that begins with this record is to have for a header, when the present one is full. */
  headerAfter(chunk: number, views: RecordViews, record: number): CounterReset {
    this.#enter(chunk);
    return this.#encoder.headerAfter(views, record);
  }

  /** Brings the encoder to the end of a chunk. */
  #enter(chunk: number): void {
    if (this.#current === chunk) return;
    const {u8} = this.#arena;
    const data = chunk + u8[chunk + OPEN_DATA];
    this.#current = 0;
    this.#encoder.resume(u8[chunk + OPEN_ENCODING], u8, data, data + openChunkLength(this.#arena, chunk));
    this.#current = chunk;
    this.chunk = chunk;
  }

  /** Brings what the encoder did to the arena. */
  #leave(chunk: number, outcome: HistogramOutcome): HistogramOutcome {
    if (outcome === 'new chunk') return outcome;
    this.#current = 0;
    const capacity = this.#arena.u32[(chunk + XOR_CAPACITY) >>> 2];
    if (outcome === 'recoded' || this.#encoder.sizeBytes > capacity) this.#place();
    else this.#extend(chunk);
    return outcome;
  }

  /** Makes a block for the encoder's chunk. */
  #place(): number {
    const arena = this.#arena;
    const {sizeBytes, encoding, minTime} = this.#encoder;
    const capacity = Math.ceil((sizeBytes * GROWTH) / CAPACITY_STEP) * CAPACITY_STEP;
    const chunk = arena.slabs.alloc(DATA + capacity + XOR_PADDING);
    arena.u8.fill(0, chunk, chunk + DATA);
    arena.u32[(chunk + XOR_CAPACITY) >>> 2] = capacity;
    arena.u8[chunk + OPEN_ENCODING] = encoding;
    arena.u8[chunk + OPEN_DATA] = DATA;
    this.#storeTime(chunk + XOR_FIRST_TIME, minTime);
    arena.u8.set(this.#encoder.bytes(), chunk + DATA);
    this.#publish(chunk);
    return chunk;
  }

  /** Writes what is new behind a chunk's data, and its header. The bits of samples that are there stay as they are. */
  #extend(chunk: number): void {
    const {u8, u32} = this.#arena;
    const data = chunk + u8[chunk + OPEN_DATA];
    const bytes = this.#encoder.bytes();
    const from = u32[(chunk + XOR_BITS) >>> 2] >>> 3;
    u8.set(bytes.subarray(0, HISTOGRAM_HEADER_BYTES), data);
    u8.set(bytes.subarray(from), data + from);
    this.#publish(chunk);
  }

  #publish(chunk: number): void {
    const arena = this.#arena;
    const {maxTime, sizeBits, samples} = this.#encoder;
    this.#storeTime(chunk + XOR_LAST_TIME, maxTime);
    arena.u32[(chunk + XOR_BITS) >>> 2] = sizeBits;
    Atomics.store(arena.u32, (chunk + XOR_COUNT) >>> 2, samples);
    this.#current = chunk;
    this.chunk = chunk;
  }

  #storeTime(at: number, timeMs: number): void {
    const {u32} = this.#arena;
    u32[at >>> 2] = timeMs;
    u32[(at >>> 2) + 1] = Math.floor(timeMs / TWO_32);
  }
}
