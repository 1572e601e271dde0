import type {Arena} from '../arena/arena.ts';
import type {ArenaReader} from '../arena/reader.ts';
import type {Intervals} from '../block/tombstones.ts';

// What BANK_TOMBSTONES leads to: a block of the arena that never changes, u32 intervals, u32 nothing, then of each interval two f64, its first
// and its last ms; rising and apart.

const HEADER = 8;

/** Bytes of the block of so many intervals. */
export const tombstoneBytes = (intervals: number): number => HEADER + intervals * 16;

/** Intervals in the block; address 0 is none. */
export const tombstoneCount = (arena: ArenaReader, block: number): number => (block === 0 ? 0 : arena.u32[block >>> 2]);

/** The intervals of a block. */
export function readTombstones(arena: ArenaReader, block: number): Intervals {
  const from = (block + HEADER) >>> 3;
  return [...arena.f64.subarray(from, from + 2 * tombstoneCount(arena, block))];
}

/** Fill `block`, which has `tombstoneBytes`, before anyone sees it. */
export function writeTombstones(arena: Arena, block: number, intervals: Intervals): void {
  arena.u32[block >>> 2] = intervals.length / 2;
  arena.f64.set(intervals, (block + HEADER) >>> 3);
}
