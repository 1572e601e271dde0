import {
  OPEN_DATA,
  XOR_BITS,
  XOR_CAPACITY,
  XOR_FIRST_TIME,
  XOR_LAST_TIME,
  XOR_PADDING,
} from '@narthex/kernels/layout/xor-chunk.ts';
import type {ArenaReader} from '../arena/reader.ts';

// What all open chunks have in common, whatever their encoding (layout/xor-chunk.ts).

/** Time of the first sample of the open chunk at `chunk`, ms. */
export const openFirstTime = (arena: ArenaReader, chunk: number): number => timeAt(arena, chunk + XOR_FIRST_TIME);

/** Time of the last sample of the open chunk at `chunk`, for the writer: readers have it from the bank. */
export const openLastTime = (arena: ArenaReader, chunk: number): number => timeAt(arena, chunk + XOR_LAST_TIME);

/** The i64 at `address`, a time. */
function timeAt({i32, u32}: ArenaReader, address: number): number {
  const word = address >>> 2;
  return i32[word + 1] * 0x1_0000_0000 + u32[word];
}

/** Bytes of encoded data in the open chunk at `chunk`. */
export const openChunkLength = (arena: ArenaReader, chunk: number): number =>
  (arena.u32[(chunk + XOR_BITS) >>> 2] + 7) >>> 3;

/** Bytes of the block that the open chunk at `chunk` lies in. */
export const openChunkBytes = (arena: ArenaReader, chunk: number): number =>
  arena.u8[chunk + OPEN_DATA] + arena.u32[(chunk + XOR_CAPACITY) >>> 2] + XOR_PADDING;
