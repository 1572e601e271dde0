import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {ByteCursor} from './byte-cursor.ts';
import type {CachedFile} from './file-cache.ts';
import {sectionAt} from './section.ts';

/** Series of an index by their numbers, rising: `count` u32 at `address` of a thread's memory, which the caller releases. */
export interface SeriesRefs {
  readonly address: number;
  readonly count: number;
}

export const NO_SERIES: SeriesRefs = {address: 0, count: 0};

/**
 * Reads the postings list at `offset` of an index to new memory and checks its checksum and its order. `limit`: what every number
 * in it is below. Throws FileCorruption, StorageError, MemoryLimitError.
 */
export function readPostings(file: CachedFile, offset: number, limit: number, memory: KernelMemory): SeriesRefs {
  const {start, end} = sectionAt(file, offset);
  const length = end - start;
  const count = countAt(file, offset);
  if (length !== 4 + 4 * count) throw file.corruption(offset, `${count} postings in ${length} bytes`);
  // Room for the checksum, and for the vectors in which numbers are turned around.
  const address = memory.alloc(length + 4 + 12, 4);
  fetch(file, start, memory, address, length + 4);
  check(file, offset, memory, address, length);
  memory.kernels.postingsFromBigEndian(address + 4, count);
  if (!isRising(memory.u32, (address + 4) >>> 2, count, limit)) {
    throw file.corruption(offset, 'postings do not rise or are of no series');
  }
  memory.resizeLast(address, length);
  return {address: address + 4, count};
}

/** The number of series that the list at `offset` says it has. */
export function countAt(file: CachedFile, offset: number): number {
  const at = file.at(offset + 4, 4);
  return new ByteCursor().set(file.cache.memory.u8, at, at + 4).be32();
}

/** Short lists come through the cache, where their neighbours are; long ones would only drive others out. */
function fetch(file: CachedFile, start: number, memory: KernelMemory, address: number, length: number): void {
  if (length > 2 * file.cache.pageBytes) {
    file.readInto(memory.u8.subarray(address, address + length), start);
    return;
  }
  const at = file.at(start, length);
  memory.u8.set(file.cache.memory.u8.subarray(at, at + length), address);
}

function check(file: CachedFile, offset: number, memory: KernelMemory, address: number, length: number): void {
  const crc = memory.kernels.crc32c(memory.crc32cTables, 0, address, length) >>> 0;
  const end = address + length;
  const want = new ByteCursor().set(memory.u8, end, end + 4).be32();
  if (crc !== want) throw file.corruption(offset, 'the checksum of a postings list is wrong');
}

function isRising(u32: Uint32Array, word: number, count: number, limit: number): boolean {
  let last = -1;
  for (let i = word; i < word + count; i++) {
    if (u32[i] <= last) return false;
    last = u32[i];
  }
  return last < limit;
}
