import path from 'node:path';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Disk} from '../disk.ts';
import {FileWriter} from './file-writer.ts';

/** A segment gets no further chunk that would make it longer than this. */
export const SEGMENT_BYTES = 512 * 1024 * 1024;
const MAGIC = 0x85bd40dd;
const FORMAT_VERSION = 1;
const HEADER_BYTES = 8;
/** Length, encoding and checksum around the data of a chunk, at most. */
const OVERHEAD_MAX = 5 + 1 + 4;
const REF_FILE = 0x1_0000_0000;

/**
 * Writes the chunks of a block to the numbered files of its `chunks` folder, 000001 first. Where a new file begins is
 * decided as upstream does, which looks at the chunks of one series together.
 */
export class ChunkWriter {
  /** Bytes of all files. */
  bytes = 0;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #memory: KernelMemory;
  readonly #buffer: number;
  readonly #segmentBytes: number;
  #file: FileWriter | undefined;
  #files = 0;
  // What is known of the chunks of the present series: their number and size, and whether they all go to the file
  // that the series before left.
  #count = 0;
  #batchBytes = 0;
  #startBytes = 0;
  #sameFile = true;

  /** `buffer`: address of `FILE_BUFFER_BYTES` in `memory`. */
  constructor(disk: Disk, folder: string, memory: KernelMemory, buffer: number, segmentBytes = SEGMENT_BYTES) {
    this.#disk = disk;
    this.#folder = folder;
    this.#memory = memory;
    this.#buffer = buffer;
    this.#segmentBytes = segmentBytes;
  }

  /** The chunks that follow are of another series than those before. */
  startSeries(): void {
    this.#count = 0;
    this.#batchBytes = 0;
    this.#startBytes = this.#file?.position ?? 0;
    this.#sameFile = true;
  }

  /** Write a chunk, whose data is `bytes[from, to)`; returns its reference: number of the file * 2^32 + offset. */
  add(encoding: number, bytes: Uint8Array, from: number, to: number): number {
    if (this.#wantsNewFile(to - from)) this.#cut();
    const file = this.#file ?? this.#cut();
    const ref = (this.#files - 1) * REF_FILE + file.position;
    file.uvarint32(to - from);
    file.startChecksum();
    file.byte(encoding);
    file.put(bytes, from, to);
    file.be32(file.endChecksum());
    return ref;
  }

  /** Complete the last file and make all durable. */
  finish(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    this.bytes += file.position;
    file.finish();
  }

  /** Close without writing the rest. */
  abandon(): void {
    this.#file?.abandon();
    this.#file = undefined;
  }

  #wantsNewFile(length: number): boolean {
    const size = length + OVERHEAD_MAX;
    this.#batchBytes += size;
    let isFull = this.#count++ > 0 && this.#batchBytes + HEADER_BYTES > this.#segmentBytes;
    if (this.#sameFile && this.#startBytes > HEADER_BYTES) {
      isFull = this.#batchBytes + this.#startBytes > this.#segmentBytes;
      if (isFull) this.#sameFile = false;
    }
    if (isFull) this.#batchBytes = size;
    return isFull;
  }

  #cut(): FileWriter {
    this.finish();
    const name = String(++this.#files).padStart(6, '0');
    const file = new FileWriter(this.#disk, path.join(this.#folder, name), this.#memory, this.#buffer);
    this.#file = file;
    file.be32(MAGIC);
    file.byte(FORMAT_VERSION);
    file.align(HEADER_BYTES);
    return file;
  }
}
