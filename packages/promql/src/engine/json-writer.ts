import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {histogramJson} from '@narthex/model/histogram/json.ts';
import {formatTimestampSeconds} from '@narthex/model/timestamp.ts';
import {formatFloatPlain} from '@narthex/model/value.ts';
import {isAbsentAt} from './arithmetic.ts';
import {isHistogramAt} from './histogram-arena.ts';
import {POWERS_BYTES, powersOfTen} from './powers-of-ten.ts';
import {type QueryResult, type ResultRows, type ResultValue, sampleTime} from './query-result.ts';
import type {QueryHeap} from './query-heap.ts';
import {stepTime} from './step-grid.ts';
import {SymbolTexts} from './symbol-texts.ts';

/** The most bytes of one piece of an answer. */
export const CHUNK_BYTES = 262_144;
/** Room that a number or a separator needs. */
const SMALL = 256;
const POINT_BYTES = 64;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const ROW = ascii('{"metric":');
const NEXT_ROW = ascii(',{"metric":');
const VALUE = ascii(',"value":');
const VALUES = ascii(',"values":[');
const HISTOGRAM = ascii(',"histogram":');
const HISTOGRAMS = ascii(',"histograms":[');
const END_LIST = ascii(']');
const END_ROW = ascii('}');

/**
 * The `data` of an API answer, `{"resultType":...,"result":...}`, in pieces of at most CHUNK_BYTES (more only where the labels of one row or one
 * histogram are longer).
 * `tail` is put before the last brace: `,"stats":{...}`. Each piece belongs to the caller.
 */
export function* writeResultJson(result: QueryResult, tail = ''): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const {value, context} = result;
  const writer = new JsonWriter(context.heap);
  writer.text(`{"resultType":"${value.type}","result":`);
  if (value.type === 'scalar' || value.type === 'string') {
    writer.text(lonePoint(value));
  } else {
    const texts = new SymbolTexts(context.heap, context.labels);
    texts.addRows(value.rows.table);
    writer.text('[');
    yield* writeRows(writer, value.rows, texts, value.type === 'vector');
    writer.text(']');
    texts.free();
  }
  writer.text(`${tail}}`);
  yield writer.take();
  writer.free();
}

/** Upstream writes scalars and strings by another encoder than vectors: plain decimals at any size, times as floats, `<` in a text escaped. */
function lonePoint(value: Extract<ResultValue, {type: 'scalar' | 'string'}>): string {
  if (value.type === 'scalar') return `[${value.sample.timeMs / 1000},"${formatFloatPlain(value.sample.value)}"]`;
  const escape = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const text = JSON.stringify(value.text).replaceAll(/[<>&\u2028\u2029]/g, escape);
  return `[${value.timeMs / 1000},${text}]`;
}

function* writeRows(
  writer: JsonWriter,
  rows: ResultRows,
  texts: SymbolTexts,
  isVector: boolean,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  let isFirst = true;
  for (let i = 0; i < rows.order.length; i++) {
    const row = rows.order[i];
    const room = texts.jsonBytesMax(row) + SMALL;
    if (!writer.hasRoom(room)) yield writer.take();
    writer.reserve(room);
    writer.bytes(isFirst ? ROW : NEXT_ROW);
    isFirst = false;
    writer.labels(texts, row);
    const histograms = rows.table.histograms.isEmpty ? 0 : writer.countHistograms(rows, row);
    if (isVector && histograms === 0) {
      writer.bytes(VALUE);
      writer.cell(stepTime(rows.grid, 0), rows.table.cellsOf(row));
    } else if (isVector) {
      writer.bytes(HISTOGRAM);
      yield* writer.histograms(rows, row);
    } else if (histograms === 0) yield* writer.list(VALUES, writer.points(rows, row, rows.table.cellsOf(row)));
    else {
      const floats = writer.copyFloats(rows, row);
      if (floats !== 0) yield* writer.list(VALUES, writer.points(rows, row, floats));
      yield* writer.list(HISTOGRAMS, writer.histograms(rows, row));
    }
    writer.bytes(END_ROW);
  }
}

/** Makes text in the query's memory, piece by piece. */
class JsonWriter {
  readonly #heap: QueryHeap;
  readonly #powers: number;
  readonly #progress: number;
  readonly #sheet = new FloatHistogram();
  /** The floats of a row that has histograms, too. */
  #floats = 0;
  #floatsBytes = 0;
  #size = CHUNK_BYTES;
  #begin: number;
  #at: number;

  constructor(heap: QueryHeap) {
    this.#heap = heap;
    this.#powers = heap.take(POWERS_BYTES);
    this.#progress = heap.take(8);
    this.#begin = heap.take(this.#size);
    this.#at = this.#begin;
    heap.memory.u64.set(powersOfTen(), this.#powers >>> 3);
  }

  /** Whether the piece has room for `bytes` more; an empty one for as much as there is memory. */
  hasRoom(bytes: number): boolean {
    return this.#at + bytes <= (this.#at === this.#begin ? this.#begin + this.#size : this.#end);
  }

  /** Where a piece ends: memory that was taken for one large text is no reason to make larger ones. */
  get #end(): number {
    return this.#begin + Math.min(this.#size, CHUNK_BYTES);
  }

  /** Makes room for one large text; only when nothing is waiting. */
  reserve(bytes: number): void {
    if (this.hasRoom(bytes)) return;
    this.#heap.give(this.#begin, this.#size);
    this.#size = bytes;
    this.#begin = this.#heap.take(bytes);
    this.#at = this.#begin;
  }

  /** What was written since the last time, as a copy. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#heap.memory.u8.slice(this.#begin, this.#at);
    this.#at = this.#begin;
    return bytes;
  }

  text(text: string): void {
    if (!this.hasRoom(text.length * 3)) this.#grow(text.length * 3);
    this.#at += Buffer.from(this.#heap.memory.memory.buffer).write(text, this.#at);
  }

  /** Text that is at hand as bytes; there must be room. */
  bytes(bytes: Uint8Array): void {
    this.#heap.memory.u8.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** `[time,"value"]`. */
  cell(timeMs: number, cell: number): void {
    const {kernels, u32} = this.#heap.memory;
    const end = this.#begin + this.#size;
    if (isAbsentAt(u32, cell)) return;
    kernels.writePoints(cell, 1, timeMs, 0, 0, this.#powers, false, this.#at, end, this.#progress);
    this.#at = this.#heap.memory.u32[(this.#progress >>> 2) + 1];
  }

  labels(texts: SymbolTexts, row: number): void {
    const begin = texts.begins.get(row);
    const count = texts.begins.get(row + 1) - begin;
    const numbers = texts.numbers.address + begin * 4;
    const {kernels} = this.#heap.memory;
    this.#at = kernels.writeLabels(numbers, count, texts.offsets.address, texts.texts, this.#at) >>> 0;
  }

  countHistograms({table}: ResultRows, row: number): number {
    return this.#heap.memory.kernels.cellsHistograms(table.cellsOf(row), table.countOf(row));
  }

  /** Address of a copy of a row's cells without its histograms, valid until the next call; 0 when there is no float. */
  copyFloats({table}: ResultRows, row: number): number {
    const count = table.countOf(row);
    this.#reserveFloats(count * 8);
    const {u8, kernels} = this.#heap.memory;
    u8.copyWithin(this.#floats, table.cellsOf(row), table.cellsOf(row) + count * 8);
    kernels.cellsDropHistograms(this.#floats, count);
    return kernels.cellsCount(this.#floats, count) === 0 ? 0 : this.#floats;
  }

  /** A member that is a list: `,"name":[` items `]`. */
  *list(
    begin: Uint8Array,
    items: Iterable<Uint8Array<ArrayBuffer>>,
  ): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    if (!this.hasRoom(SMALL)) yield this.take();
    this.bytes(begin);
    yield* items;
    this.bytes(END_LIST);
  }

  /** `[time,{...}]` for each histogram of a row. */
  *histograms(rows: ResultRows, row: number): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    const {table} = rows;
    let separator = '';
    for (let i = 0; i < table.countOf(row); i++) {
      const cell = table.cellsOf(row) + i * 8;
      if (!isHistogramAt(this.#heap.memory.u32, cell)) continue;
      table.histograms.load(cell, this.#sheet);
      const time = formatTimestampSeconds(sampleTime(rows, row, i, this.#heap.memory.f64));
      const text = ascii(`${separator}[${time},${histogramJson(this.#sheet)}]`);
      separator = ',';
      const room = text.length + SMALL;
      if (!this.hasRoom(room)) yield this.take();
      this.reserve(room);
      this.bytes(text);
    }
  }

  /** All floats of a row; `cells` are its cells, or a copy without histograms. */
  *points(
    {table, grid, times}: ResultRows,
    row: number,
    cells: number,
  ): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    const count = table.countOf(row);
    const first = table.firstOf(row);
    let isFirst = true;
    for (let done = 0; done < count;) {
      if (!this.hasRoom(POINT_BYTES)) yield this.take();
      const {kernels, u32} = this.#heap.memory;
      const at = this.#at;
      kernels.writePoints(
        cells + done * 8,
        count - done,
        stepTime(grid, first + done),
        grid.stepMs,
        times === undefined ? 0 : times.cellsOf(row) + done * 8,
        this.#powers,
        !isFirst,
        at,
        // What comes after the points has its room.
        this.#end - SMALL / 2,
        this.#progress,
      );
      done += u32[this.#progress >>> 2];
      this.#at = u32[(this.#progress >>> 2) + 1];
      if (this.#at > at) isFirst = false;
      if (done < count) yield this.take();
    }
  }

  free(): void {
    this.#heap.give(this.#powers, POWERS_BYTES);
    this.#heap.give(this.#progress, 8);
    this.#heap.give(this.#begin, this.#size);
    this.#heap.give(this.#floats, this.#floatsBytes);
  }

  #reserveFloats(bytes: number): void {
    if (bytes <= this.#floatsBytes) return;
    this.#heap.give(this.#floats, this.#floatsBytes);
    this.#floats = this.#heap.take(bytes);
    this.#floatsBytes = bytes;
  }

  #grow(bytes: number): void {
    const waiting = this.#at - this.#begin;
    const size = (waiting + bytes) * 2;
    const to = this.#heap.take(size);
    this.#heap.memory.u8.copyWithin(to, this.#begin, this.#at);
    this.#heap.give(this.#begin, this.#size);
    this.#begin = to;
    this.#size = size;
    this.#at = to + waiting;
  }
}
