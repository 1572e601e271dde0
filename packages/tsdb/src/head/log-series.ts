import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {loadArenaKernels, type ArenaKernels} from '@narthex/kernels/load.ts';
import type {Arena} from '../arena/arena.ts';
import type {LabelSetWriter} from '../index/label-sets.ts';
import {SymbolReader} from '../index/symbols.ts';
import type {SeriesRecords} from './series.ts';

const SLOTS_MIN = 1024;

/** Series that the log doesn't know yet. */
export class UnloggedSeries {
  #slots = new Uint32Array(SLOTS_MIN);
  count = 0;

  add(slot: number): void {
    if (this.count === this.#slots.length) {
      const larger = new Uint32Array(this.count * 2);
      larger.set(this.#slots);
      this.#slots = larger;
    }
    this.#slots[this.count++] = slot;
  }

  slot(i: number): number {
    return this.#slots[i];
  }

  /** Forget those for which `keep` says no. */
  keepIf(keep: (slot: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) if (keep(this.#slots[i])) this.#slots[kept++] = this.#slots[i];
    this.count = kept;
  }

  /** All are in the log. */
  clear(): void {
    this.count = 0;
    if (this.#slots.length > SLOTS_MIN * 64) this.#slots = new Uint32Array(SLOTS_MIN);
  }
}

/** What `LogCommit` says about series. */
export interface SeriesForLog {
  readonly seriesCount: number;
  readonly seriesRefs: number;
  readonly seriesLabels: number;
  readonly seriesLabelEnds: number;
}

/** Series that are encoded at once. */
const PIECE_SERIES = 128;
// A piece lies in the arena: slots, ends, labels.
const PIECE_ENDS = PIECE_SERIES * 4;
const PIECE_LABELS = PIECE_SERIES * 8;
const PIECE_BYTES = 16_384;
const UVARINT_BYTES_MAX = 5;

/** Writes new series as the log wants them, from the index, in pieces through a block of the arena. */
export class SeriesEncoder {
  readonly #arena: Arena;
  readonly #kernels: ArenaKernels;
  readonly #records: SeriesRecords;
  readonly #labelSets: LabelSetWriter;
  readonly #symbols: SymbolReader;
  readonly #piece: number;

  /** Throws ArenaFullError. */
  constructor(arena: Arena, records: SeriesRecords, labelSets: LabelSetWriter) {
    this.#arena = arena;
    this.#kernels = loadArenaKernels(arena.memory);
    this.#records = records;
    this.#labelSets = labelSets;
    this.#symbols = new SymbolReader(arena);
    this.#piece = arena.slabs.alloc(PIECE_BYTES);
  }

  /** Encode `series` to `memory`, which the caller releases. */
  encode(series: UnloggedSeries, memory: KernelMemory): SeriesForLog {
    const {count} = series;
    const refs = memory.alloc(count * 8);
    const ends = memory.alloc(count * 4);
    const labels = memory.alloc(0);
    for (let i = 0; i < count; i++) memory.f64[refs / 8 + i] = this.#records.ref(series.slot(i));
    for (let i = 0, at = labels; i < count;) {
      const piece = this.#encodePiece(series, i);
      const end = piece > 0 ? this.#copyPiece(memory, at, piece) : this.#encodeLarge(memory, at, series.slot(i));
      for (let k = 0; k < piece; k++) memory.u32[ends / 4 + i + k] = at - labels + this.#pieceEnd(k);
      i += Math.max(1, piece);
      memory.u32[ends / 4 + i - 1] = end - labels;
      at = end;
    }
    return {seriesCount: count, seriesRefs: refs, seriesLabels: labels, seriesLabelEnds: ends};
  }

  /** Encode label sets from that of series `from` on; returns how many fit, 0 when not even the first does. */
  #encodePiece(series: UnloggedSeries, from: number): number {
    const {u32} = this.#arena;
    const piece = this.#piece;
    const count = Math.min(PIECE_SERIES, series.count - from);
    for (let i = 0; i < count; i++) u32[(piece >>> 2) + i] = series.slot(from + i);
    return this.#kernels.encodeLabelSets(piece, count, piece + PIECE_LABELS, piece + PIECE_BYTES, piece + PIECE_ENDS);
  }

  /** Where label set `i` of the piece ends. */
  #pieceEnd(i: number): number {
    return this.#arena.u32[((this.#piece + PIECE_ENDS) >>> 2) + i];
  }

  /** Copy a piece to `at`, the end of what is taken from the memory; returns where it ends. */
  #copyPiece(memory: KernelMemory, at: number, piece: number): number {
    const from = this.#piece + PIECE_LABELS;
    const bytes = this.#pieceEnd(piece - 1);
    memory.resizeLast(at, bytes);
    memory.u8.set(this.#arena.u8.subarray(from, from + bytes), at);
    return at + bytes;
  }

  /** Encode one label set that is larger than a piece to `at`, the end of what is taken from the memory; returns where it ends. */
  #encodeLarge(memory: KernelMemory, at: number, slot: number): number {
    const {u8, u32} = this.#arena;
    const set = this.#labelSets.address(slot) >>> 2;
    let end = writeUvarint(memory, at, u32[set + 1]);
    for (let word = set + 2; word < set + 2 + 2 * u32[set + 1]; word++) {
      const length = this.#symbols.length(u32[word]);
      const address = this.#symbols.address(u32[word]);
      end = writeUvarint(memory, end, length);
      memory.resizeLast(end, length);
      memory.u8.set(u8.subarray(address, address + length), end);
      end += length;
    }
    return end;
  }
}

/** Write `value` to `at`, the end of what is taken from the memory; returns where it ends. */
function writeUvarint(memory: KernelMemory, at: number, value: number): number {
  let end = at;
  let rest = value;
  memory.resizeLast(at, UVARINT_BYTES_MAX);
  for (; rest >= 0x80; rest >>>= 7) memory.u8[end++] = (rest & 0x7f) | 0x80;
  memory.u8[end++] = rest;
  memory.resizeLast(at, end - at);
  return end;
}
