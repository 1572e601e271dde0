import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import type {Disk} from '../disk.ts';
import {countAt, NO_SERIES, readPostings, type SeriesRefs} from './block-postings.ts';
import {BlockSymbols} from './block-symbols.ts';
import {ByteCursor} from './byte-cursor.ts';
import type {CachedFile, FileCache} from './file-cache.ts';
import {PostingsOffsets} from './postings-offsets.ts';
import {guard} from './section.ts';
import {SeriesEntry} from './series-entry.ts';

const INDEX_MAGIC = 0xbaaad700;
const HEADER_BYTES = 5;
/** Six offsets and a checksum. */
const TOC_BYTES = 6 * 8 + 4;
/** Series of an index of version 2 begin at multiples of it, and are numbered by it. */
const SERIES_ALIGNMENT = 16;
/** A length of the longest kind, as a series entry begins with. */
const LENGTH_BYTES = 10;

/** Where the parts of an index begin; 0 for a part that is not there. */
interface Contents {
  readonly symbols: number;
  readonly series: number;
  readonly postings: number;
  readonly postingsTable: number;
}

/**
 * The index of a block, of version 1, 2 or 3 (which is read as 2). Opening it reads the symbols and the table of postings once to
 * check them, and keeps some bytes for each 32 of their entries; everything else is read when it is asked for, through the
 * cache of the thread. A checksum is checked whenever something is read of the file. Methods throw FileCorruption (file, offset, reason) for
 * what cannot be, and StorageError `block_read` when the system cannot read.
 */
export class IndexReader {
  readonly version: number;
  readonly symbols: BlockSymbols;
  readonly postingsOffsets: PostingsOffsets;
  readonly #file: CachedFile;
  readonly #cursor = new ByteCursor();
  /** Bytes for each number of a series. */
  readonly #unit: number;

  private constructor(file: CachedFile, version: number, contents: Contents) {
    this.#file = file;
    this.version = version;
    this.#unit = version === 1 ? 1 : SERIES_ALIGNMENT;
    this.symbols = BlockSymbols.open(file, contents.symbols, version);
    this.postingsOffsets = PostingsOffsets.open(file, contents.postingsTable);
  }

  /** Opens an index file. Throws FileCorruption or StorageError; the file is closed then. */
  static open(path: string, disk: Disk, cache: FileCache): IndexReader {
    const file = cache.open(path, disk);
    try {
      const version = readVersion(file);
      return new IndexReader(file, version, readContents(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#file.size;
  }

  close(): void {
    this.#file.close();
  }

  /** Reads the labels and chunks of series number `ref` (a member of a postings list) to `into`. */
  series(ref: number, into: SeriesEntry): void {
    const offset = ref * this.#unit;
    guard(this.#file, offset, `series ${ref}`, () => into.decode(this.#entry(offset)));
  }

  /** Series with this label pair, rising, in new memory that the caller releases. */
  postings(name: string, value: string, memory: KernelMemory): SeriesRefs {
    const offset = this.postingsOffsets.find(name, value);
    return offset < 0 ? NO_SERIES : this.postingsAt(offset, memory);
  }

  /** All series, in the order of their labels (where the version is not 1: in that of the file). */
  allPostings(memory: KernelMemory): SeriesRefs {
    return this.postings('', '', memory);
  }

  /** The list at an offset that `postingsOffsets` gave. */
  postingsAt(offset: number, memory: KernelMemory): SeriesRefs {
    return readPostings(this.#file, offset, this.#file.size / this.#unit, memory);
  }

  /** How many series the list at an offset says it has, without reading it; never more than can be. */
  postingsCount(offset: number): number {
    return Math.min(countAt(this.#file, offset), this.#file.size >>> 2);
  }

  /** Names of all labels, in byte order. */
  labelNames(): string[] {
    return sortedTexts([...this.postingsOffsets.names()].filter((name) => name !== ''));
  }

  /** Values of a label, in byte order. */
  labelValues(name: string): string[] {
    const values: string[] = [];
    const decoder = new TextDecoder();
    this.postingsOffsets.each(name, '', (bytes, from, end) => values.push(decoder.decode(bytes.subarray(from, end))));
    return this.postingsOffsets.isSorted(name) ? values : sortedTexts([...new Set(values)]);
  }

  /** The entry at `offset`, checked: a length, so many bytes, their checksum. */
  #entry(offset: number): ByteCursor {
    const file = this.#file;
    const headBytes = file.available(offset, LENGTH_BYTES);
    const head = file.at(offset, headBytes);
    const cursor = this.#cursor.set(file.cache.memory.u8, head, head + headBytes);
    const length = cursor.uvarint();
    const begin = offset + cursor.at - head;
    const at = file.at(begin, length + 4);
    if (!file.cache.isIntact(at, length)) throw file.corruption(offset, 'the checksum of a series is wrong');
    return cursor.set(file.cache.memory.u8, at, at + length);
  }
}

function readVersion(file: CachedFile): number {
  const at = file.at(0, HEADER_BYTES);
  const cursor = new ByteCursor().set(file.cache.memory.u8, at, at + HEADER_BYTES);
  const magic = cursor.be32();
  if (magic !== INDEX_MAGIC) throw file.corruption(0, `invalid magic number ${magic.toString(16)}`);
  const version = cursor.byte();
  if (version < 1 || version > 3) throw file.corruption(4, `unknown index file version ${version}`);
  return version;
}

function readContents(file: CachedFile): Contents {
  const offset = Math.max(0, file.size - TOC_BYTES);
  const at = file.at(offset, TOC_BYTES);
  if (!file.cache.isIntact(at, TOC_BYTES - 4))
    throw file.corruption(offset, 'the checksum of the table of contents is wrong');
  return guard(file, offset, 'table of contents', () => {
    const cursor = new ByteCursor().set(file.cache.memory.u8, at, at + TOC_BYTES);
    const [symbols, series, , , postings, postingsTable] = Array.from({length: 6}, () => cursor.be64());
    return {symbols, series, postings, postingsTable};
  });
}

function sortedTexts(texts: string[]): string[] {
  return texts.sort(compareUtf8);
}
