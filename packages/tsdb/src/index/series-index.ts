import {loadArenaKernels, type ArenaKernels} from '@narthex/kernels/load.ts';
import {
  STAGE_BYTES,
  STAGE_HASHES,
  STAGE_LABELS,
  STAGE_PAIRS,
  STAGE_RANGES,
  STAGE_SEED,
  STAGE_SYMBOLS,
  STAGE_TEXT,
} from '@narthex/kernels/layout/label-index.ts';
import type {Arena} from '../arena/arena.ts';
import {Collection} from './collection.ts';
import {assert} from '../arena/errors.ts';
import {LabelSetWriter} from './label-sets.ts';
import {PostingsWriter} from './postings.ts';
import {SymbolWriter} from './symbols.ts';

const UNKNOWN = 0xffff_ffff;
const LABELS_MIN = 64;
const TEXT_BYTES_MIN = 16_384;
/** Of a label: ranges, hashes, symbols, pair. */
const STAGED_LABEL_BYTES = 16 + 8 + 8 + 4;

/**
 * The index of the head's series, as its one writer has it: label sets to slots and back, and postings. Label sets come as
 * raw bytes; no string is made. To get or create a series: `find`, and when that gives -1, `add`.
 */
export class SeriesIndex {
  readonly symbols: SymbolWriter;
  readonly labelSets: LabelSetWriter;
  readonly postings: PostingsWriter;
  readonly arena: Arena;
  readonly #kernels: ArenaKernels;
  /** The stage of kernels: where the label set lies that was looked for last, and room for such and such large ones. */
  readonly #stage: number;
  #isStaged = false;
  #collection: Collection | undefined;
  #labelsMax = 0;
  #textBytesMax = 0;
  #text = 0;
  /** What ranges are relative to: below the text where the caller's bytes begin before it. */
  #origin = 0;
  #arrays = 0;
  /** The bytes of the last label set, which are mostly those of the next, and all of the arena: as buffers, which copy parts without a view of each. */
  #bytes: Uint8Array = new Uint8Array();
  #source: Buffer = Buffer.alloc(0);
  readonly #target: Buffer;

  constructor(arena: Arena) {
    this.arena = arena;
    this.#target = Buffer.from(arena.u8.buffer);
    this.symbols = new SymbolWriter(arena);
    this.labelSets = new LabelSetWriter(arena);
    this.postings = new PostingsWriter(arena, this.symbols);
    this.#kernels = loadArenaKernels(arena.memory);
    this.#stage = arena.slabs.allocZeroed(STAGE_BYTES);
    arena.u32[(this.#stage + STAGE_SEED) >>> 2] = arena.hashSeed;
    this.#reserveLabels(LABELS_MIN);
    this.#reserveText(TEXT_BYTES_MIN);
  }

  /** Series that were ever added, removed ones included: the slot that comes next. */
  get slots(): number {
    return this.labelSets.slots;
  }

  /**
   * The slot of the series with these labels, or -1. `ranges` has name start, name end, value start, value end in `bytes` of
   * each label, names strictly rising in byte order; labels with an empty value count as absent. Throws ArenaFullError when
   * the label set is larger than all before and there is no room to look at it.
   */
  find(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): number {
    if (labelCount > this.#labelsMax) this.#reserveLabels(labelCount);
    this.#copyIn(bytes, ranges, labelCount);
    const slot = this.#kernels.stageFind(this.#stage) | 0;
    this.#isStaged = slot < 0 || this.#collection?.unlink(slot) === true;
    return this.#isStaged ? -1 : slot;
  }

  /**
   * Add the label set that the last `find` did not find as that of `slot`: `slots`, or the slot of a removed series. Throws
   * ArenaFullError or SymbolTooLongError: then no series was added.
   */
  add(slot: number): void {
    assert(this.#isStaged, 'add comes right after a find that found nothing');
    this.arena.slabs.admit();
    this.#internUnknown();
    if (this.#kernels.stagePairs(this.#stage) > 0) this.#reservePairs();
    this.postings.reserveAll();
    const hash = this.#kernels.stageHash(this.#stage);
    const address = this.labelSets.reserve(hash, this.arena.u32[(this.#stage + STAGE_LABELS) >>> 2]);
    if (slot !== this.slots) this.postings.markUnsorted(this.#stagedPairs());
    this.#kernels.stageAdd(this.#stage, slot, address, this.labelSets.record(slot));
    this.labelSets.publish(slot, hash);
    this.#isStaged = false;
  }

  /**
   * Begin to remove the series of `slots` (each once; the array is kept): from now on `find` does not find them. Call `step` in
   * between other work until it returns true, then the slots may be given to `add` again. One collection at a time.
   */
  collect(slots: Uint32Array): Collection {
    assert(this.#collection === undefined, 'a collection is under way');
    this.#collection = new Collection(this, slots, (isDone) => {
      this.#forget();
      this.#isStaged = false;
      if (isDone) this.#collection = undefined;
    });
    return this.#collection;
  }

  #stagedPairs(): Uint32Array {
    const {u32} = this.arena;
    const pairs = u32[(this.#stage + STAGE_PAIRS) >>> 2] >>> 2;
    return u32.subarray(pairs, pairs + u32[(this.#stage + STAGE_LABELS) >>> 2]);
  }

  /** Copy the bytes of the labels and their ranges to the stage, where kernels can read them. */
  #copyIn(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): void {
    const {u32} = this.arena;
    const target = this.#arrays >>> 2;
    let start = labelCount === 0 ? 0 : ranges[0];
    let end = start;
    for (let i = 0; i < 4 * labelCount; i += 2) {
      const from = ranges[i];
      const to = ranges[i + 1];
      if (from < start) start = from;
      if (to > end) end = to;
      u32[target + i] = from;
      u32[target + i + 1] = to;
    }
    if (end - start > this.#textBytesMax) this.#reserveText(end - start);
    if (bytes !== this.#bytes) this.#takeBytes(bytes);
    this.#source.copy(this.#target, this.#text, start, end);
    this.#origin = this.#text - start;
    u32[(this.#stage + STAGE_TEXT) >>> 2] = this.#origin;
    u32[(this.#stage + STAGE_LABELS) >>> 2] = labelCount;
  }

  #takeBytes(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Give the unknown names and values symbols; they stay for the next time when the series then finds no room. */
  #internUnknown(): void {
    const {u8, u32} = this.arena;
    const symbols = u32[(this.#stage + STAGE_SYMBOLS) >>> 2] >>> 2;
    const hashes = u32[(this.#stage + STAGE_HASHES) >>> 2] >>> 2;
    const ranges = u32[(this.#stage + STAGE_RANGES) >>> 2] >>> 2;
    const count = 2 * u32[(this.#stage + STAGE_LABELS) >>> 2];
    for (let i = 0; i < count; i++) {
      if (u32[symbols + i] !== UNKNOWN) continue;
      const start = this.#origin + u32[ranges + 2 * i];
      const end = this.#origin + u32[ranges + 2 * i + 1];
      u32[symbols + i] = this.symbols.intern(u32[hashes + i] | 0, u8, start, end);
    }
  }

  #reservePairs(): void {
    const {u32} = this.arena;
    const pairs = u32[(this.#stage + STAGE_PAIRS) >>> 2] >>> 2;
    const symbols = u32[(this.#stage + STAGE_SYMBOLS) >>> 2] >>> 2;
    const count = u32[(this.#stage + STAGE_LABELS) >>> 2];
    for (let i = 0; i < count; i++) {
      if (u32[pairs + i] !== 0) continue;
      u32[pairs + i] = this.postings.reserve(u32[symbols + 2 * i], u32[symbols + 2 * i + 1]);
    }
  }

  #reserveLabels(labelCount: number): void {
    const {slabs, u32} = this.arena;
    const arrays = slabs.alloc(labelCount * STAGED_LABEL_BYTES);
    if (this.#arrays !== 0) slabs.free(this.#arrays, this.#labelsMax * STAGED_LABEL_BYTES);
    this.#arrays = arrays;
    this.#labelsMax = labelCount;
    const stage = this.#stage;
    u32[(stage + STAGE_RANGES) >>> 2] = arrays;
    u32[(stage + STAGE_HASHES) >>> 2] = arrays + 16 * labelCount;
    u32[(stage + STAGE_SYMBOLS) >>> 2] = arrays + 24 * labelCount;
    u32[(stage + STAGE_PAIRS) >>> 2] = arrays + 32 * labelCount;
    this.#forget();
  }

  /** Drop what the stage has of the last label set: the next one must not take it for a guess. */
  #forget(): void {
    const {u32} = this.arena;
    const symbols = u32[(this.#stage + STAGE_SYMBOLS) >>> 2] >>> 2;
    const pairs = u32[(this.#stage + STAGE_PAIRS) >>> 2] >>> 2;
    u32.fill(UNKNOWN, symbols, symbols + 2 * this.#labelsMax);
    u32.fill(0, pairs, pairs + this.#labelsMax);
  }

  #reserveText(bytes: number): void {
    const {slabs} = this.arena;
    const text = slabs.alloc(bytes);
    if (this.#text !== 0) slabs.free(this.#text, this.#textBytesMax);
    this.#text = text;
    this.#textBytesMax = bytes;
  }
}
