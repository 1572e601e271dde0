import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import zlib from 'node:zlib';
import {SNAPPY_FLAG, type Span, ZSTD_FLAG} from './framing.ts';
import {GrowingBuffer} from './growing-buffer.ts';

/** How the records of a log are compressed, in the words of `--storage.tsdb.wal-compression-type`. */
export type Compression = 'none' | 'snappy' | 'zstd';

/** A record as it goes into fragments, with the flag of its compression, 0 for none. */
export interface PackedRecord extends Span {
  readonly flags: number;
}

const SNAPPY_TABLE_BYTES = 32 * 1024;
const CORRUPT = 0xffffffff;
/** A Snappy block decodes to at most 64 bytes for 3 of its own; a larger claim is a lie that must not take memory. */
const SNAPPY_RATIO_MAX = 22;
/** The largest record that is read, far above what any version writes. */
const RECORD_BYTES_MAX = 1024 * 1024 * 1024;

/** Compress a record to new space of `memory`; the record itself where that is not shorter. */
export function compressRecord(memory: KernelMemory, record: Span, compression: Compression): PackedRecord {
  const packed = compress(memory, record, compression);
  return packed !== undefined && packed.length < record.length ? packed : {...record, flags: 0};
}

function compress(memory: KernelMemory, record: Span, compression: Compression): PackedRecord | undefined {
  switch (compression) {
    case 'none':
      return undefined;
    case 'snappy':
      return snappy(memory, record);
    case 'zstd':
      return zstd(memory, record);
    default:
      return compression satisfies never;
  }
}

function snappy(memory: KernelMemory, {at, length}: Span): PackedRecord {
  const {kernels} = memory;
  const table = memory.alloc(SNAPPY_TABLE_BYTES);
  const target = memory.alloc(kernels.snappyEncodedMax(length) >>> 0);
  const packed = kernels.snappyEncode(at, length, target, table) >>> 0;
  memory.resizeLast(target, packed);
  return {at: target, length: packed, flags: SNAPPY_FLAG};
}

function zstd(memory: KernelMemory, {at, length}: Span): PackedRecord {
  const packed = zlib.zstdCompressSync(memory.u8.subarray(at, at + length));
  const target = memory.alloc(packed.length);
  memory.u8.set(packed, target);
  return {at: target, length: packed.length, flags: ZSTD_FLAG};
}

/** Decompresses records one at a time to a buffer of its own. Throws an Error for bytes that are no compressed record. */
export class RecordUnpacker {
  readonly #memory: KernelMemory;
  readonly #buffer: GrowingBuffer;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#buffer = new GrowingBuffer(memory);
  }

  /** The record in a Snappy block; it stays until the next call. */
  snappy(packed: Span): Span {
    const {kernels} = this.#memory;
    const claimed = kernels.snappyLength(packed.at, packed.length) >>> 0;
    if (claimed === CORRUPT || claimed > packed.length * SNAPPY_RATIO_MAX) throw new Error('snappy: corrupt input');
    const target = this.#buffer.reserve(claimed);
    const length = kernels.snappyDecode(packed.at, packed.length, target, claimed) >>> 0;
    if (length === CORRUPT) throw new Error('snappy: corrupt input');
    return {at: target, length};
  }

  /** The record in a Zstandard frame; it stays until the next call. */
  zstd(packed: Span): Span {
    const source = this.#memory.u8.subarray(packed.at, packed.at + packed.length);
    const record = zlib.zstdDecompressSync(source, {maxOutputLength: RECORD_BYTES_MAX});
    const target = this.#buffer.reserve(record.length);
    this.#memory.u8.set(record, target);
    return {at: target, length: record.length};
  }
}
