import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {assert} from '../arena/errors.ts';
import type {Disk} from '../disk.ts';
import {NumberList} from '../index/number-list.ts';
import {ByteWriter} from './byte-writer.ts';
import type {ChunkList} from './chunk-list.ts';
import {FileWriter} from './file-writer.ts';
import {PostingsWriter} from './postings-writer.ts';

const MAGIC = 0xbaaad700;
const FORMAT_VERSION = 2;
const HEADER_BYTES = 5;
/** References of series count in steps of this, so that 32 bits address 64 GiB. */
const SERIES_ALIGN = 16;
const FILE_BYTES_MAX = 16 * 0xffff_ffff;
const SECTION_BYTES_MAX = 0xffff_ffff;

/**
 * Writes the index of a block, format 2, front to back: first all symbols, then all series, then `finish`. What is kept in
 * memory: four bytes a symbol, four a series, eight for each pair of name and value, and some 50 MB for the postings of the
 * names that are collected at a time, which are read again from the file.
 */
export class IndexWriter {
  /** Symbols and series added. */
  readonly symbolOffsets = new NumberList();
  readonly seriesRefs = new NumberList();
  /** Bytes of the file, when it is finished. */
  bytes = 0;
  readonly #file: FileWriter;
  readonly #record = new ByteWriter();
  readonly #last = new ByteWriter();
  /** How many series have a label of this name, by the name's symbol. */
  readonly #nameUses = new Map<number, number>();
  #lastLabels = new Uint32Array(64);
  #lastLabelCount = 0;
  #seriesStart = 0;

  /** `buffer`: address of `FILE_BUFFER_BYTES` in `memory`. */
  constructor(disk: Disk, path: string, memory: KernelMemory, buffer: number) {
    this.#file = new FileWriter(disk, path, memory, buffer);
    this.#file.be32(MAGIC);
    this.#file.byte(FORMAT_VERSION);
    // Length and count of the symbols, known later.
    this.#file.be32(0);
    this.#file.be32(0);
  }

  /** Add `bytes[from, to)`, UTF-8, greater than all before; returns its number. */
  addSymbol(bytes: Uint8Array, from = 0, to = bytes.length): number {
    const text = bytes.subarray(from, to);
    assert(this.#seriesStart === 0, 'a symbol was added after series');
    assert(this.symbolOffsets.length === 0 || Buffer.compare(this.#last.view(), text) < 0, 'symbols are out of order');
    this.#last.clear();
    this.#last.put(bytes, from, to);
    this.symbolOffsets.push(this.#file.position);
    this.#file.uvarint32(to - from);
    this.#file.put(bytes, from, to);
    return this.symbolOffsets.length - 1;
  }

  /**
   * Add a series, greater than all before. `labels`: number of the name's symbol, of the value's, and so on, `count` pairs in
   * the order of names. Returns the series' reference.
   */
  addSeries(labels: Uint32Array, count: number, chunks: ChunkList): number {
    if (this.#seriesStart === 0) this.#finishSymbols();
    assert(this.#isGreater(labels, count), 'series are out of order');
    const file = this.#file;
    file.align(SERIES_ALIGN);
    if (file.position > FILE_BYTES_MAX) throw new Error(`${file.path}: exceeding max size of 64GiB`);
    const ref = file.position / SERIES_ALIGN;
    this.seriesRefs.push(ref);
    this.#encodeLabels(labels, count);
    this.#encodeChunks(chunks);
    file.uvarint32(this.#record.length);
    file.startChecksum();
    file.put(this.#record.bytes, 0, this.#record.length);
    file.be32(file.endChecksum());
    return ref;
  }

  /** Write the rest, make the file durable and close it. */
  finish(): void {
    if (this.#seriesStart === 0) this.#finishSymbols();
    const file = this.#file;
    const postings = file.position;
    file.align(4);
    const writer = new PostingsWriter(file, this.symbolOffsets, this.seriesRefs);
    writer.writeLists(this.#nameUses);
    const table = file.position;
    writer.writeTable();
    // Lists of label values are not written any more; their sections are empty.
    this.#writeContents([HEADER_BYTES, this.#seriesStart, postings, table, postings, table]);
    this.bytes = file.position;
    file.finish();
  }

  /** Close without writing the rest. */
  abandon(): void {
    this.#file.abandon();
  }

  #isGreater(labels: Uint32Array, count: number): boolean {
    const order = compareLabelNumbers(labels, count, this.#lastLabels, this.#lastLabelCount);
    if (this.#lastLabels.length < 2 * count) this.#lastLabels = new Uint32Array(4 * count);
    for (let i = 0; i < 2 * count; i++) this.#lastLabels[i] = labels[i];
    this.#lastLabelCount = count;
    return order > 0 || this.seriesRefs.length === 0;
  }

  #encodeLabels(labels: Uint32Array, count: number): void {
    const record = this.#record;
    record.clear();
    record.uvarint(count);
    for (let i = 0; i < count; i++) {
      const name = labels[2 * i];
      this.#nameUses.set(name, (this.#nameUses.get(name) ?? 0) + 1);
      record.uvarint(name);
      record.uvarint(labels[2 * i + 1]);
    }
  }

  #encodeChunks(chunks: ChunkList): void {
    const record = this.#record;
    const {count, minTimes, maxTimes, refs} = chunks;
    record.uvarint(count);
    for (let i = 0; i < count; i++) {
      assert(maxTimes[i] >= minTimes[i], 'a chunk ends before it begins');
      if (i === 0) {
        record.varint(minTimes[0]);
      } else {
        assert(minTimes[i] > maxTimes[i - 1], 'chunks overlap');
        record.uvarint(minTimes[i] - maxTimes[i - 1]);
      }
      record.uvarint(maxTimes[i] - minTimes[i]);
      if (i === 0) record.uvarint(refs[0]);
      else record.varint(refs[i] - refs[i - 1]);
    }
  }

  #finishSymbols(): void {
    const file = this.#file;
    const end = file.position;
    const length = end - HEADER_BYTES - 4;
    if (length > SECTION_BYTES_MAX) throw new Error(`${file.path}: symbol table size exceeds 4 bytes: ${length}`);
    const head = new ByteWriter();
    head.be32(length);
    head.be32(this.symbolOffsets.length);
    file.overwrite(head.view(), HEADER_BYTES);
    file.be32(file.checksumOf(HEADER_BYTES + 4, end));
    this.#seriesStart = file.position;
  }

  #writeContents(sections: readonly number[]): void {
    const contents = new ByteWriter();
    for (const section of sections) contents.be64(section);
    this.#file.startChecksum();
    this.#file.put(contents.view());
    this.#file.be32(this.#file.endChecksum());
  }
}

/** Order of two label sets by the numbers of their symbols, which are in the order of their texts: below, at or above 0. */
export function compareLabelNumbers(a: Uint32Array, aCount: number, b: Uint32Array, bCount: number): number {
  const common = 2 * Math.min(aCount, bCount);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return aCount - bCount;
}
