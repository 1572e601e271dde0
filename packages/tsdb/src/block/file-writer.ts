import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {type Disk, type DiskFile, readAt, writeAll} from '../disk.ts';

/** Room that a FileWriter wants in a KernelMemory. */
export const FILE_BUFFER_BYTES = 1024 * 1024;

/**
 * Writes one new file front to back through a buffer, with CRC-32C sums of parts of it. The buffer lies in a KernelMemory
 * that must not grow meanwhile. All calls throw the system's error.
 */
export class FileWriter {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #memory: KernelMemory;
  readonly #buffer: number;
  readonly #u8: Uint8Array;
  /** Bytes in the buffer, and where they go in the file. */
  #filled = 0;
  #flushed = 0;
  #crc = 0;
  /** From where in the buffer on bytes are not in the sum yet; -1 when none is wanted. */
  #unsummed = -1;
  #isOpen = true;

  /** `buffer`: address of `FILE_BUFFER_BYTES` in `memory`. The file must not exist. */
  constructor(disk: Disk, path: string, memory: KernelMemory, buffer: number) {
    this.path = path;
    this.#file = disk.create(path);
    this.#memory = memory;
    this.#buffer = buffer;
    this.#u8 = memory.u8.subarray(buffer, buffer + FILE_BUFFER_BYTES);
  }

  /** Bytes written so far: where the next one goes. */
  get position(): number {
    return this.#flushed + this.#filled;
  }

  /** Begin a sum with the next byte. */
  startChecksum(): void {
    this.#crc = 0;
    this.#unsummed = this.#filled;
  }

  /** CRC-32C of all bytes since `startChecksum`; the sum ends with it. */
  endChecksum(): number {
    this.#sum();
    this.#unsummed = -1;
    return this.#crc;
  }

  byte(value: number): void {
    if (this.#filled === FILE_BUFFER_BYTES) this.flush();
    this.#u8[this.#filled++] = value;
  }

  /** An unsigned 32-bit number, big-endian. */
  be32(value: number): void {
    if (this.#filled + 4 > FILE_BUFFER_BYTES) this.flush();
    const at = this.#filled;
    this.#u8[at] = value >>> 24;
    this.#u8[at + 1] = value >>> 16;
    this.#u8[at + 2] = value >>> 8;
    this.#u8[at + 3] = value;
    this.#filled = at + 4;
  }

  /** An unsigned 32-bit number as Go's Uvarint. */
  uvarint32(value: number): void {
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  put(bytes: Uint8Array, from = 0, to = bytes.length): void {
    for (let at = from; at < to;) {
      if (this.#filled === FILE_BUFFER_BYTES) this.flush();
      const length = Math.min(to - at, FILE_BUFFER_BYTES - this.#filled);
      this.#u8.set(bytes.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
    }
  }

  /** Zeros up to a multiple of `bytes`. */
  align(bytes: number): void {
    while (this.position % bytes !== 0) this.byte(0);
  }

  /** Write `bytes` over what is at `position`, which lies before the present one. */
  overwrite(bytes: Uint8Array, position: number): void {
    this.flush();
    writeAll(this.#file, bytes, 0, bytes.length, position);
  }

  /** Read what was written; fills all of `into` unless the file ends before that. Returns how many bytes it has. */
  read(into: Uint8Array, position: number): number {
    this.flush();
    return readAt(this.#file, into, position);
  }

  /** CRC-32C of bytes `[from, to)` of the file, read back. */
  checksumOf(from: number, to: number): number {
    this.flush();
    const {kernels, crc32cTables} = this.#memory;
    let crc = 0;
    for (let at = from; at < to;) {
      const piece = this.#u8.subarray(0, Math.min(to - at, FILE_BUFFER_BYTES));
      const length = readAt(this.#file, piece, at);
      if (length < piece.length) throw new Error(`${this.path} ends at ${at + length}, want ${to} bytes`);
      crc = kernels.crc32c(crc32cTables, crc, this.#buffer, length);
      at += length;
    }
    return crc;
  }

  flush(): void {
    if (this.#filled === 0) return;
    if (this.#unsummed >= 0) {
      this.#sum();
      this.#unsummed = 0;
    }
    writeAll(this.#file, this.#u8, 0, this.#filled, this.#flushed);
    this.#flushed += this.#filled;
    this.#filled = 0;
  }

  /** Write all, wait until it is on the device, close. */
  finish(): void {
    this.flush();
    this.#file.syncNow();
    this.#close();
  }

  /** Close without writing the rest; nothing when it is closed. */
  abandon(): void {
    if (this.#isOpen) this.#close();
  }

  #close(): void {
    // Once only, even if it fails: the system may have given the descriptor to another file since.
    this.#isOpen = false;
    this.#file.close();
  }

  #sum(): void {
    const {kernels, crc32cTables} = this.#memory;
    const length = this.#filled - this.#unsummed;
    this.#crc = kernels.crc32c(crc32cTables, this.#crc, this.#buffer + this.#unsummed, length);
    this.#unsummed = this.#filled;
  }
}
