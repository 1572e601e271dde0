// New series on their way from the head's index to the log: their labels as series records have them.
import {
  LABEL_SET_HEADER,
  LABEL_SET_RECORDS,
  LABEL_SET_SHIFT,
  SYMBOL_BYTES,
  SYMBOL_LENGTH,
  SYMBOL_RECORDS,
  SYMBOL_SHIFT,
  SYMBOL_TEXT,
} from '../layout/label-index';
import {recordAt} from './label-index';

/** No uvarint of 32 bits is longer. */
const UVARINT_BYTES_MAX: u32 = 5;

/**
 * Encode the label sets of the `count` slots at `slots` (u32 each) to `target`, one after the other: uvarint number of labels, then
 * name and value of each as uvarint length and bytes. Writes where each ends, in bytes from `target`, to `ends` (u32). Gives
 * the number of label sets that fit before `end`.
 */
export function encodeLabelSets(slots: usize, count: u32, target: usize, end: usize, ends: usize): u32 {
  let at = target;
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(slots + (i << 2));
    const set = <usize>load<u32>(recordAt(LABEL_SET_RECORDS, slot, LABEL_SET_SHIFT, 4));
    at = encodeLabelSet(set, at, end);
    if (at == 0) return i;
    store<u32>(ends + (i << 2), <u32>(at - target));
  }
  return count;
}

/** Encode one label set; gives the address behind it, or 0 when it does not fit before `end`. */
function encodeLabelSet(set: usize, at: usize, end: usize): usize {
  const labels = load<u32>(set, 4);
  if (at + UVARINT_BYTES_MAX > end) return 0;
  at = storeUvarint(at, labels);
  let symbol = set + LABEL_SET_HEADER;
  for (const last = symbol + (<usize>labels << 3); symbol < last; symbol += 4) {
    const record = recordAt(SYMBOL_RECORDS, load<u32>(symbol), SYMBOL_SHIFT, SYMBOL_BYTES);
    const length = load<u32>(record, SYMBOL_LENGTH);
    if (at + UVARINT_BYTES_MAX + length > end) return 0;
    at = storeUvarint(at, length);
    copyText(at, load<u32>(record, SYMBOL_TEXT), length);
    at += length;
  }
  return at;
}

// @ts-ignore: decorator
@inline
function storeUvarint(at: usize, value: u32): usize {
  while (value >= 0x80) {
    store<u8>(at++, <u8>(value | 0x80));
    value >>>= 7;
  }
  store<u8>(at, <u8>value);
  return at + 1;
}

/** Short texts are copied here: a call to copy memory costs more than they do. */
// @ts-ignore: decorator
@inline
function copyText(to: usize, from: usize, length: u32): void {
  if (length > 64) {
    memory.copy(to, from, length);
    return;
  }
  const end = from + length;
  for (; from + 8 <= end; from += 8, to += 8) store<u64>(to, load<u64>(from));
  for (; from < end; from++, to++) store<u8>(to, load<u8>(from));
}
