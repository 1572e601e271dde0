import {loadArenaKernels, type ArenaKernels} from '@narthex/kernels/load.ts';
import {
  BATCH_CHUNK_RANGE,
  BATCH_CLOSED,
  BATCH_CLOSED_BYTES,
  BATCH_CLOSED_LIST,
  BATCH_COMMIT,
  BATCH_DIRECTORY,
  BATCH_MIN_VALID,
  BATCH_OPENED,
  BATCH_OUT_OF_ORDER_FROM,
  BATCH_RETIRED,
  BATCH_RETIRED_LIST,
  BATCH_SLOTS,
  BATCH_SPARES,
  BATCH_SPARES_LIST,
  BATCH_STOP,
  BATCH_STOP_STEP,
  LADDER_BYTES_MAX,
  LADDER_STEPS,
  SPARES_MAX,
  STOP_END,
  STOP_LISTS,
  STOP_SPARES,
} from '@narthex/kernels/layout/head-batch.ts';
import {BANK_CLOSED, BANK_CLOSED_COUNT, CLOSED_BYTES, CLOSED_LIST_HEADER} from '@narthex/kernels/layout/series.ts';
import {OPEN_DATA, OPEN_ENCODING} from '@narthex/kernels/layout/xor-chunk.ts';
import type {Arena} from '../arena/arena.ts';
import {ArenaFullError, assert} from '../arena/errors.ts';
import {PAGE_BYTES, WORD_COMMIT} from '../arena/layout.ts';
import {BatchBlock} from './batch.ts';
import type {ChunkKeeper} from './chunk-keeper.ts';
import {writeClosedChunk} from './closed-chunks.ts';
import {HEAD_CLOSED_CHUNKS, HEAD_OPEN_CHUNKS} from './layout.ts';
import {openChunkBytes, openChunkLength, openFirstTime, openLastTime} from './open-chunk.ts';
import type {Segments} from './segments.ts';
import {type SeriesRecords, closedListBytes, grownCapacity} from './series.ts';
import type {SampleBatch, SeriesRef} from './types.ts';

/** Pages that sizes of blocks may open at the same time. */
const SLACK_BYTES = 12 * PAGE_BYTES;
/** Blocks given back after a commit, at most: keeps the work below a millisecond. */
const RECLAIM_MAX = 8192;

/**
 * Puts batches into chunks, one commit after the other: `stage` and `validate`, then, when the log has it, `apply`. Works on
 * series records alone and knows nothing of labels.
 */
export class Appender {
  readonly block: BatchBlock;
  readonly #arena: Arena;
  readonly #kernels: ArenaKernels;
  readonly #records: SeriesRecords;
  readonly #segments: Segments;
  readonly #steps: readonly number[];
  #keeper: ChunkKeeper | undefined;
  #chunksClosed = 0;

  constructor(arena: Arena, records: SeriesRecords, segments: Segments, chunkRangeMs: number) {
    this.#arena = arena;
    this.#records = records;
    this.#segments = segments;
    this.#kernels = loadArenaKernels(arena.memory);
    this.#steps = Array.from({length: LADDER_STEPS}, (_, step) => this.#kernels.headLadderBytes(step));
    this.block = new BatchBlock(arena);
    this.block.setNumber(BATCH_CHUNK_RANGE, chunkRangeMs);
  }

  /** From now on closed chunks go to `keeper` too. */
  keepChunks(keeper: ChunkKeeper): void {
    this.#keeper = keeper;
  }

  /** The number of the last commit that readers may see. */
  get published(): number {
    return Atomics.load(this.#arena.i32, WORD_COMMIT);
  }

  /** Chunks ever begun, those of removed series included. */
  get chunksCreated(): number {
    return this.#arena.u32[HEAD_OPEN_CHUNKS >>> 2] + this.#chunksClosed;
  }

  /**
   * Take `batch` in. Throws ArenaFullError, nothing changed, unless the arena has room for all that `apply` may need: a
   * commit that has been logged must not fail.
   */
  stage(batch: SampleBatch, logged: boolean): void {
    const needed = this.block.missingBytes(batch.count) + batch.count * LADDER_BYTES_MAX + SLACK_BYTES;
    const {slabs, epochs} = this.#arena;
    if (slabs.freeBytes < needed) epochs.reclaim(Infinity);
    if (slabs.freeBytes < needed) throw new ArenaFullError(this.#arena.budgetBytes);
    this.block.load(batch, logged);
  }

  /**
   * Decide about each staged sample: those before `minValidMs` are out of bounds, those that do not come in order are accepted all the same from
   * `outOfOrderFromMs` on. Gives the number of those accepted in order.
   */
  validate(minValidMs: number, outOfOrderFromMs: number): number {
    this.block.setWord(BATCH_DIRECTORY, this.#records.directory);
    this.block.setWord(BATCH_SLOTS, this.#records.count);
    this.block.setNumber(BATCH_MIN_VALID, minValidMs);
    this.block.setNumber(BATCH_OUT_OF_ORDER_FROM, outOfOrderFromMs);
    return this.#kernels.headValidate(this.block.address) >>> 0;
  }

  /** Store the samples accepted in order and let readers see them, all at once; with them what `more` does for the commit of this number. */
  apply(more: (commit: number) => void): void {
    this.commit((commit) => {
      this.block.setWord(BATCH_COMMIT, commit);
      this.#append();
      more(commit);
    });
  }

  /** Let readers see what `change` does, all at once. It claims the older banks of series with the commit's number, and must not fail. */
  commit(change: (commit: number) => void): void {
    const commit = (this.published + 1) | 0;
    change(commit);
    Atomics.store(this.#arena.i32, WORD_COMMIT, commit);
    this.#arena.epochs.reclaim(RECLAIM_MAX);
  }

  #append(): void {
    let at = 0;
    for (;;) {
      at = this.#kernels.headAppend(this.block.address, at) >>> 0;
      const stop = this.block.word(BATCH_STOP);
      if (stop === STOP_SPARES) this.#fillSpares(this.block.word(BATCH_STOP_STEP));
      else this.#drain();
      if (stop === STOP_END) return;
      assert(stop === STOP_SPARES || stop === STOP_LISTS, `headAppend stopped for reason ${stop}`);
    }
  }

  #fillSpares(step: number): void {
    const bytes = this.#steps[step]!;
    const count = Math.max(4, Math.min(SPARES_MAX, Math.floor(4096 / bytes)));
    const list = this.block.address + BATCH_SPARES_LIST + step * SPARES_MAX * 4;
    for (let i = 0; i < count; i++) this.#arena.u32[(list >>> 2) + i] = this.#arena.slabs.alloc(bytes);
    this.block.setWord(BATCH_SPARES + step * 4, count);
  }

  /** Move the chunks that were closed to segments, and retire what nothing points to any more. */
  #drain(): void {
    const {u32, epochs} = this.#arena;
    const closed = this.block.word(BATCH_CLOSED);
    const list = this.block.address + BATCH_CLOSED_LIST;
    for (let i = 0; i < closed; i++) this.#close((list + i * BATCH_CLOSED_BYTES) >>> 2);
    this.block.setWord(BATCH_CLOSED, 0);
    const retired = this.block.word(BATCH_RETIRED);
    let word = (this.block.address + BATCH_RETIRED_LIST) >>> 2;
    for (let i = 0; i < retired; i++, word += 2) epochs.retire(u32[word], u32[word + 1]);
    this.block.setWord(BATCH_RETIRED, 0);
    this.#count(HEAD_CLOSED_CHUNKS, closed);
    this.#count(HEAD_OPEN_CHUNKS, this.block.word(BATCH_OPENED));
    this.block.setWord(BATCH_OPENED, 0);
    this.#chunksClosed += closed;
  }

  /** `word`: where the bank, the chunk, its samples and the record are named. */
  #close(word: number): void {
    const {u32} = this.#arena;
    const chunk = u32[word + 1];
    this.#list(u32[word], chunk, u32[word + 2], this.#records.refAt(u32[word + 3]));
    this.#arena.epochs.retire(chunk, openChunkBytes(this.#arena, chunk));
  }

  /** Copy the open `chunk` to a segment and to disk, and add it to the closed chunks of `bank`. */
  #list(bank: number, chunk: number, samples: number, ref: SeriesRef): void {
    const {u8, u32} = this.#arena;
    const data = chunk + u8[chunk + OPEN_DATA];
    const length = openChunkLength(this.#arena, chunk);
    const encoding = u8[chunk + OPEN_ENCODING];
    const minTime = openFirstTime(this.#arena, chunk);
    const maxTime = openLastTime(this.#arena, chunk);
    this.#segments.store(minTime, u8, data, data + length);
    const keeper = this.#keeper;
    keeper?.keep(ref, minTime, maxTime, encoding, u8.subarray(data, data + length), false);
    const count = u32[(bank + BANK_CLOSED_COUNT) >>> 2];
    const entry = this.#listWithRoom(bank, count) + CLOSED_LIST_HEADER + count * CLOSED_BYTES;
    const {id: segment, offset} = this.#segments;
    const {file, fileOffset} = keeper ?? {file: 0, fileOffset: 0};
    writeClosedChunk(this.#arena, entry, {
      minTime,
      maxTime,
      segment,
      offset,
      length,
      encoding,
      samples,
      file,
      fileOffset,
    });
    u32[(bank + BANK_CLOSED_COUNT) >>> 2] = count + 1;
  }

  #listWithRoom(bank: number, count: number): number {
    const {u8, u32, slabs, epochs} = this.#arena;
    const list = u32[(bank + BANK_CLOSED) >>> 2];
    const capacity = list === 0 ? 0 : u32[list >>> 2];
    if (count < capacity) return list;
    const larger = grownCapacity(capacity);
    const target = slabs.alloc(closedListBytes(larger));
    if (list !== 0) {
      u8.copyWithin(target, list, list + closedListBytes(count));
      epochs.retire(list, closedListBytes(capacity));
    }
    u32[target >>> 2] = larger;
    u32[(bank + BANK_CLOSED) >>> 2] = target;
    return target;
  }

  #count(counter: number, more: number): void {
    this.#arena.u32[counter >>> 2] += more;
  }
}
