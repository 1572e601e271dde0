import {OPEN_DATA, XOR_BITS, XOR_CAPACITY, XOR_PADDING} from '@narthex/kernels/layout/xor-chunk.ts';
import type {ArenaReader} from '../arena/reader.ts';

// What all open chunks have in common, whatever their encoding (layout/xor-chunk.ts).

/** Bytes of encoded data in the open chunk at `chunk`. */
export const openChunkLength = (arena: ArenaReader, chunk: number): number =>
  (arena.u32[(chunk + XOR_BITS) >>> 2] + 7) >>> 3;

/** Bytes of the block that the open chunk at `chunk` lies in. */
export const openChunkBytes = (arena: ArenaReader, chunk: number): number =>
  arena.u8[chunk + OPEN_DATA] + arena.u32[(chunk + XOR_CAPACITY) >>> 2] + XOR_PADDING;
