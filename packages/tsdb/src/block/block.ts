import path from 'node:path';
import {type Disk, readWhole} from '../disk.ts';
import {reasonOf, StorageError} from '../errors.ts';
import {ChunkFiles} from './chunk-files.ts';
import {FileCorruption} from './corruption.ts';
import {FileCache} from './file-cache.ts';
import {IndexReader} from './index-reader.ts';
import {type BlockMeta, META_FILE, MetaError, parseMeta} from './meta.ts';
import {readTombstones, type Tombstones, tombstonesStamp} from './tombstones.ts';

const INDEX_CACHE_BYTES = 32 << 20;
const INDEX_PAGE_BYTES = 16 << 10;
const CHUNK_CACHE_BYTES = 16 << 20;
/** A query of two hours out of weeks wants a few hundred bytes of each series, far apart. */
const CHUNK_PAGE_BYTES = 4 << 10;

/** What a thread reads all its blocks through, so that their number does not matter. */
export interface BlockCaches {
  readonly index: FileCache;
  readonly chunks: FileCache;
}

/** Caches of a thread, 48 MiB at most as long as nobody says otherwise. */
export function blockCaches(indexBytes = INDEX_CACHE_BYTES, chunkBytes = CHUNK_CACHE_BYTES): BlockCaches {
  return {
    index: new FileCache(indexBytes, INDEX_PAGE_BYTES),
    chunks: new FileCache(chunkBytes, CHUNK_PAGE_BYTES),
  };
}

/** A block that is open to be read by one thread. Its files never change, but for the tombstones: for those it is opened again. */
export class Block {
  readonly dir: string;
  readonly meta: BlockMeta;
  readonly index: IndexReader;
  readonly chunks: ChunkFiles;
  readonly tombstones: Tombstones;
  /** The state of the tombstones, see `tombstonesStamp`. */
  readonly stamp: string;
  /** Bytes of all its files, as upstream counts them: chunks, index, meta.json and tombstones. */
  readonly sizeBytes: number;

  private constructor(dir: string, meta: BlockMeta, index: IndexReader, chunks: ChunkFiles, others: Others) {
    this.dir = dir;
    this.meta = meta;
    this.index = index;
    this.chunks = chunks;
    this.tombstones = others.tombstones;
    this.stamp = others.stamp;
    this.sizeBytes = others.bytes + index.sizeBytes + chunks.sizeBytes;
  }

  /** Opens the block in folder `dir`. Throws FileCorruption or StorageError `block_read`; nothing stays open then. */
  static open(dir: string, disk: Disk, caches: BlockCaches): Block {
    const meta = readMeta(dir, disk);
    // Before they are read: what changes meanwhile is noticed the next time.
    const stamp = guardDisk(dir, () => tombstonesStamp(disk, dir));
    const tombstones = guardDisk(dir, () => readTombstones(disk, dir, caches.index.memory));
    const bytes = tombstones.bytes + disk.sizeOf(path.join(dir, META_FILE));
    const index = IndexReader.open(path.join(dir, 'index'), disk, caches.index);
    try {
      const chunks = ChunkFiles.open(path.join(dir, 'chunks'), disk, caches.chunks);
      return new Block(dir, meta, index, chunks, {tombstones: tombstones.tombstones, stamp, bytes});
    } catch (error) {
      index.close();
      throw error;
    }
  }

  close(): void {
    this.index.close();
    this.chunks.close();
  }
}

interface Others {
  readonly tombstones: Tombstones;
  readonly stamp: string;
  readonly bytes: number;
}

/** The meta.json of the block in folder `dir`. Throws FileCorruption or StorageError. */
export function readMeta(dir: string, disk: Disk): BlockMeta {
  const file = path.join(dir, META_FILE);
  try {
    return parseMeta(new TextDecoder().decode(guardDisk(dir, () => readWhole(disk, file))));
  } catch (error) {
    if (error instanceof MetaError) throw new FileCorruption(file, 0, error.message);
    throw error;
  }
}

function guardDisk<T>(dir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileCorruption || error instanceof StorageError) throw error;
    throw new StorageError('block_read', `cannot read block ${dir}: ${reasonOf(error)}`, error);
  }
}
