// Start times in the second form of sample records: a byte that says which it is, then maybe a difference to the first one.
import {storeVarint, zigzag} from './varint';

/** No start time is known. */
export const START_NONE: u32 = 0;
/** The same as that of the sample before. */
export const START_SAME: u32 = 1;
/** A difference to the first sample's follows. */
export const START_OTHER: u32 = 2;

/** Store the start time of a sample that is not the first; gives the address behind it. */
export function storeStart(to: usize, start: i64, first: i64, before: i64): usize {
  store<u8>(to, <u8>(start == 0 ? START_NONE : start == before ? START_SAME : START_OTHER));
  to++;
  return start == 0 || start == before ? to : storeVarint(to, zigzag(start - first));
}
