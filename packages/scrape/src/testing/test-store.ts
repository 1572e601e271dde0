import {putFloatPowers} from '@narthex/kernels/float-powers.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {ArenaFullError} from '@narthex/tsdb/arena/errors.ts';
import {Head} from '@narthex/tsdb/head/head.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import {SegmentBoard} from '@narthex/tsdb/head/segments.ts';
import type {AppendOutcome, SampleBatch, SeriesRef, SeriesSlot} from '@narthex/tsdb/head/types.ts';
import type {AppendContext, SampleStore} from '../sample-store.ts';

/** Time in ms and bits of the value of one sample. */
export type PlainSample = readonly [timeMs: number, bits: bigint];

/** What the full store refuses new series with. */
export class NoRoomError extends Error {}

/** What a store that cannot write its log throws. */
export class NoLogError extends Error {}

const SYMBOLS_MAX = 400;

const isRefusal = (error: unknown): boolean => error instanceof NoRoomError || error instanceof ArenaFullError;

/** A real head, whose failures can be ordered, with a plain way to read it. */
export class TestStore implements SampleStore {
  readonly head: Head;
  readonly context: AppendContext;
  generation = 0;
  /** Refuses new series whose labels, printed, it is true of. */
  isFull: (labels: string) => boolean = () => false;
  /** The next commit fails. */
  isBroken = false;
  readonly #made = new Set<string>();
  readonly #removed = new Set<SeriesSlot>();
  readonly #readerMemory = new KernelMemory({maximumBytes: 1 << 28});
  readonly #reader: HeadReader;

  constructor(arenaBytes = 1 << 24, reserveBytes = arenaBytes / 16) {
    const board = new SegmentBoard();
    this.head = Head.create({arenaBytes, reserveBytes, segmentBytes: 1 << 18, announce: board.announce});
    this.#reader = new HeadReader(this.head.shared, this.#readerMemory, 0, board.source());
    const memory = new KernelMemory({maximumBytes: 1 << 28});
    const floatPowers = putFloatPowers(memory);
    this.context = {memory, floatPowers, store: this, isRefusal};
  }

  getOrCreate(labels: Labels): SeriesSlot {
    const series = String(labels);
    if (this.isFull(series) && !this.#made.has(series)) throw new NoRoomError('no room');
    this.#made.add(series);
    const slot = this.head.getOrCreate(labels);
    this.#removed.delete(slot);
    return slot;
  }

  ref(slot: SeriesSlot): SeriesRef {
    return this.head.ref(slot);
  }

  has(slot: SeriesSlot, ref: SeriesRef): boolean {
    return this.head.has(slot, ref) && !this.#removed.has(slot);
  }

  append(batch: SampleBatch): AppendOutcome {
    if (this.isBroken) throw new NoLogError('cannot write the log');
    return this.head.append(batch);
  }

  /** From now on it looks as if these series had been removed and others had their slots. */
  remove(labels: Iterable<Labels>): void {
    this.generation++;
    for (const each of labels) this.#removed.add(this.head.getOrCreate(each));
  }

  /** All samples by printed labels; series without samples are left out. */
  read(): Map<string, PlainSample[]> {
    const mark = this.#readerMemory.mark();
    this.#reader.begin();
    const set = this.#reader.select([new Matcher('=~', '__name__', '.*')], -Infinity, Infinity);
    const found = new Map<string, PlainSample[]>();
    for (let i = 0; i < set.length; i++) {
      const samples = this.#samples(set, i);
      if (samples.length > 0) found.set(this.#labels(set, i), samples);
    }
    this.#reader.end();
    this.#readerMemory.release(mark);
    return found;
  }

  #labels(set: ReturnType<HeadReader['select']>, i: number): string {
    const symbols = new Uint32Array(SYMBOLS_MAX);
    const count = set.labels(i, symbols);
    const text = (at: number) => this.#reader.symbols.text(symbols[at]!);
    return String(Labels.of(Array.from({length: count}, (_, l) => [text(2 * l), text(2 * l + 1)] as const)));
  }

  #samples(set: ReturnType<HeadReader['select']>, i: number): PlainSample[] {
    const memory = this.#readerMemory;
    const mark = memory.mark();
    const room = set.samplesMax(i);
    const times = memory.alloc(8 * room);
    const values = memory.alloc(8 * room);
    const count = set.read(i, times, values);
    const samples = Array.from({length: count}, (_, k) => [memory.f64[times / 8 + k]!, memory.u64[values / 8 + k]!]);
    memory.release(mark);
    return samples as unknown as PlainSample[];
  }
}
