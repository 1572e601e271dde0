import path from 'node:path';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {isFloatEncoding} from '../chunk/encoding.ts';
import {chunkSamples} from '../chunk/header.ts';
import type {Disk} from '../disk.ts';
import {ChunkList} from './chunk-list.ts';
import {ChunkWriter} from './chunk-writer.ts';
import {FILE_BUFFER_BYTES} from './file-writer.ts';
import {IndexWriter} from './index-writer.ts';
import {type BlockMeta, META_FILE, printMeta} from './meta.ts';
import {createDurable, tryRemove} from './replace-file.ts';
import {createTombstones, Tombstones} from './tombstones.ts';

/** Ends of the names of folders that are not blocks yet, or not any more. */
export const CREATION_SUFFIX = '.tmp-for-creation';
export const DELETION_SUFFIX = '.tmp-for-deletion';
export const INDEX_FILE = 'index';
export const CHUNKS_FOLDER = 'chunks';

const MEMORY_BYTES = 2 * FILE_BUFFER_BYTES + 256 * 1024;
const encoder = new TextEncoder();

export interface BlockWriterOptions {
  readonly disk: Disk;
  /** The data folder. */
  readonly folder: string;
  /** Name, times and origin of the block; its stats are counted here. */
  readonly meta: BlockMeta;
  /** When a new file of chunks is begun; upstream's 512 MiB by default. */
  readonly segmentBytes?: number | undefined;
}

/**
 * Writes a block front to back: all symbols, then series after series in the order of labels, the chunks of each before it,
 * then `finish`. The block appears with its name when it is whole and durable; until then it lies in a folder that is thrown
 * away at the next start. On any error call `abandon`.
 */
export class BlockWriter {
  readonly meta: BlockMeta;
  /** Bytes of the block's files, when it is finished. */
  bytes = 0;
  readonly #disk: Disk;
  readonly #parent: string;
  readonly #temporary: string;
  readonly #memory: KernelMemory;
  readonly #index: IndexWriter;
  readonly #chunks: ChunkWriter;
  readonly #list = new ChunkList();

  constructor({disk, folder, meta, segmentBytes}: BlockWriterOptions) {
    this.meta = meta;
    this.#disk = disk;
    this.#parent = folder;
    this.#temporary = path.join(folder, meta.ulid + CREATION_SUFFIX);
    this.#memory = new KernelMemory({maximumBytes: 2 * MEMORY_BYTES, initialBytes: MEMORY_BYTES});
    const chunkBuffer = this.#memory.alloc(FILE_BUFFER_BYTES);
    const indexBuffer = this.#memory.alloc(FILE_BUFFER_BYTES);
    const chunksFolder = path.join(this.#temporary, CHUNKS_FOLDER);
    disk.remove(this.#temporary);
    disk.makeFolder(chunksFolder);
    this.#chunks = new ChunkWriter(disk, chunksFolder, this.#memory, chunkBuffer, segmentBytes);
    try {
      this.#index = new IndexWriter(disk, path.join(this.#temporary, INDEX_FILE), this.#memory, indexBuffer);
    } catch (error) {
      tryRemove(disk, this.#temporary);
      throw error;
    }
  }

  /** Add the symbol `bytes[from, to)`, UTF-8, greater than all before; returns its number. */
  addSymbol(bytes: Uint8Array, from = 0, to = bytes.length): number {
    return this.#index.addSymbol(bytes, from, to);
  }

  /** Add a chunk of the next series, after those before it in time: `bytes[from, to)` as files have it, the count of samples first. */
  addChunk(encoding: number, bytes: Uint8Array, from: number, to: number, minTime: number, maxTime: number): void {
    if (this.#list.count === 0) this.#chunks.startSeries();
    this.#list.add(minTime, maxTime, this.#chunks.add(encoding, bytes, from, to));
    const samples = chunkSamples(encoding, bytes, from, to);
    const {stats} = this.meta;
    stats.numSamples += samples;
    if (isFloatEncoding(encoding)) stats.numFloatSamples += samples;
    else stats.numHistogramSamples += samples;
  }

  /**
   * Add the series of the chunks since the last one, greater than all before; nothing when there are none. `labels`: numbers
   * of the symbols of name and value, `count` pairs in the order of names.
   */
  addSeries(labels: Uint32Array, count: number): void {
    if (this.#list.count === 0) return;
    this.#index.addSeries(labels, count, this.#list);
    this.meta.stats.numSeries++;
    this.meta.stats.numChunks += this.#list.count;
    this.#list.clear();
  }

  /** Complete the block; false when it has no samples and there is none. */
  finish(): boolean {
    if (this.meta.stats.numSamples === 0) {
      this.abandon();
      return false;
    }
    this.#chunks.finish();
    this.#index.finish();
    const meta = encoder.encode(printMeta(this.meta));
    createDurable(this.#disk, path.join(this.#temporary, META_FILE), meta);
    const tombstones = createTombstones(this.#disk, this.#temporary, new Tombstones(), this.#memory);
    this.#disk.syncFolderNow(path.join(this.#temporary, CHUNKS_FOLDER));
    this.#disk.syncFolderNow(this.#temporary);
    this.#disk.rename(this.#temporary, path.join(this.#parent, this.meta.ulid));
    this.#disk.syncFolderNow(this.#parent);
    this.bytes = this.#chunks.bytes + this.#index.bytes + meta.length + tombstones;
    return true;
  }

  /** Throw away what was written; nothing after `finish`. Throws nothing. */
  abandon(): void {
    try {
      this.#chunks.abandon();
      this.#index.abandon();
    } catch {
      // Files that cannot be closed can still be removed.
    }
    tryRemove(this.#disk, this.#temporary);
  }
}
