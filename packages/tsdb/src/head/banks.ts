import {
  BANK_CLOSED,
  BANK_CLOSED_COUNT,
  BANK_COMMIT,
  BANK_OPEN,
  BANK_OPEN_COUNT,
  CLOSED_LIST_HEADER,
  CLOSED_MIN_TIME,
  SERIES_BANK_BYTES,
} from '@narthex/kernels/layout/series.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {HEAD_FENCE} from './layout.ts';
import {openFirstTime} from './open-chunk.ts';
import {newestBank, otherBank} from './series.ts';

// How a commit changes series beside the kernels that append: it claims the older banks of all of them, then fills these, then is published.

/** Claim the older bank of the series at `record` for the commit of this number; false when that commit has one already. */
export function claimBank({i32}: ArenaReader, record: number, commit: number): boolean {
  const bank = newestBank(i32, record);
  if (i32[(bank + BANK_COMMIT) >>> 2] === commit) return false;
  i32[(otherBank(record, bank) + BANK_COMMIT) >>> 2] = commit;
  return true;
}

/** A full barrier: the claims are seen before anything changes in the banks. */
export function fenceClaims({i32}: ArenaReader): void {
  Atomics.add(i32, HEAD_FENCE >>> 2, 1);
}

/** Begin the claimed bank of the series at `record` with what the commit before left; gives its address. */
export function carryOver({i32, u8}: ArenaReader, record: number): number {
  const bank = newestBank(i32, record);
  const from = otherBank(record, bank);
  u8.copyWithin(bank + 4, from + 4, from + SERIES_BANK_BYTES);
  return bank;
}

/** Time of the oldest sample in order of `bank`, ms; +Infinity without any. */
export function firstTimeOf(arena: ArenaReader, bank: number): number {
  const {u32, f64} = arena;
  if (u32[(bank + BANK_CLOSED_COUNT) >>> 2] > 0) {
    return f64[(u32[(bank + BANK_CLOSED) >>> 2] + CLOSED_LIST_HEADER + CLOSED_MIN_TIME) >>> 3];
  }
  return u32[(bank + BANK_OPEN_COUNT) >>> 2] === 0 ? Infinity : openFirstTime(arena, u32[(bank + BANK_OPEN) >>> 2]);
}
