// Label sets into the index of the head: find the symbols and the series of a label set, then enter a new series in the postings.
// What needs new memory (new symbols, pairs, full vectors) is left to the caller. The memory is described in layout/label-index.ts;
// readers look at it meanwhile, so a vector's value is stored before its count, and counts are stored atomically.
import {
  ALL_SERIES,
  LABEL_SET_HEADER,
  LABEL_SET_RECORDS,
  LABEL_SET_SHIFT,
  LABEL_SET_TABLE,
  NAME_BYTES,
  NAME_RECORDS,
  NAME_SERIES,
  NAME_SHIFT,
  PAIR_BYTES,
  PAIR_NAME,
  PAIR_RECORDS,
  PAIR_SHIFT,
  PAIR_SLOTS,
  PAIR_TABLE,
  PAIR_VALUE,
  STAGE_HASH,
  STAGE_HASHES,
  STAGE_LABELS,
  STAGE_PAIRS,
  STAGE_RANGES,
  STAGE_SEED,
  STAGE_SYMBOLS,
  STAGE_TEXT,
  SYMBOL_BYTES,
  SYMBOL_LENGTH,
  SYMBOL_NAME,
  SYMBOL_RECORDS,
  SYMBOL_SHIFT,
  SYMBOL_TABLE,
  SYMBOL_TEXT,
} from '../layout/label-index';

const NONE: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline
function scramble(block: u32): u32 {
  return rotl<u32>(block * 0xcc9e2d51, 15) * 0x1b873593;
}

// @ts-ignore: decorator
@inline
function mix(hash: u32, block: u32): u32 {
  return rotl<u32>(hash ^ scramble(block), 13) * 5 + 0xe6546b64;
}

// @ts-ignore: decorator
@inline
function finish(hash: u32): u32 {
  let h = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  h = (h ^ (h >>> 13)) * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** MurmurHash3 (x86, 32 bits) of `length` bytes at `at`. */
export function indexHash(at: usize, length: u32, seed: u32): u32 {
  const end = at + length;
  let h = seed;
  for (; at + 4 <= end; at += 4) h = mix(h, load<u32>(at));
  let tail: u32 = 0;
  for (let shift: u32 = 0; at < end; at++, shift += 8) tail |= (load<u8>(at) as u32) << shift;
  return finish(h ^ scramble(tail) ^ length);
}

// @ts-ignore: decorator
@inline
export function recordAt(header: usize, i: u32, shift: u32, bytes: usize): usize {
  const chunk = load<u32>(load<u32>(header) + ((i >>> shift) << 2)) as usize;
  return chunk + ((i & ((1 << shift) - 1)) as usize) * bytes;
}

// @ts-ignore: decorator
@inline
function symbolAt(symbol: u32): usize {
  return recordAt(SYMBOL_RECORDS, symbol, SYMBOL_SHIFT, SYMBOL_BYTES);
}

/** The block of a table in which `hash` belongs. */
// @ts-ignore: decorator
@inline
function blockOf(header: usize, hash: u32): usize {
  const root = load<u32>(header);
  return load<u32>((root & ~15) + ((hash & ((1 << (root & 15)) - 1)) << 2));
}

// @ts-ignore: decorator
@inline
function homeOf(hash: u32, capacity: u32): u32 {
  return ((hash >>> 16) * capacity) >>> 16;
}

function isSame(a: usize, b: usize, length: u32): bool {
  const end = a + length;
  for (; a + 8 <= end; a += 8, b += 8) if (load<u64>(a) !== load<u64>(b)) return false;
  for (; a < end; a++, b++) if (load<u8>(a) !== load<u8>(b)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function isText(symbol: u32, text: usize, length: u32): bool {
  const record = symbolAt(symbol);
  return load<u32>(record, SYMBOL_LENGTH) === length && isSame(load<u32>(record, SYMBOL_TEXT), text, length);
}

function findSymbol(hash: u32, text: usize, length: u32): u32 {
  const block = blockOf(SYMBOL_TABLE, hash);
  const capacity = load<u32>(block);
  for (let i = homeOf(hash, capacity), left = capacity; left > 0; i = i + 1 === capacity ? 0 : i + 1, left--) {
    const entry = block + 16 + ((i as usize) << 3);
    const stored = load<u32>(entry, 4);
    if (stored === 0) return NONE;
    if (load<u32>(entry) !== hash || stored === NONE) continue;
    if (isText(stored - 1, text, length)) return stored - 1;
  }
  return NONE;
}

function findSeries(hash: u32, symbols: usize, labels: u32): u32 {
  const block = blockOf(LABEL_SET_TABLE, hash);
  const capacity = load<u32>(block);
  for (let i = homeOf(hash, capacity), left = capacity; left > 0; i = i + 1 === capacity ? 0 : i + 1, left--) {
    const entry = block + 16 + ((i as usize) << 3);
    const stored = load<u32>(entry, 4);
    if (stored === 0) return NONE;
    if (load<u32>(entry) !== hash || stored === NONE) continue;
    const set = load<u32>(recordAt(LABEL_SET_RECORDS, stored - 1, LABEL_SET_SHIFT, 4)) as usize;
    if (load<u32>(set, 4) !== labels) continue;
    if (isSame(set + LABEL_SET_HEADER, symbols, labels << 3)) return stored - 1;
  }
  return NONE;
}

/** Hash of a staged label set whose symbols are all known. */
export function stageHash(stage: usize): u32 {
  const symbols = load<u32>(stage, STAGE_SYMBOLS) as usize;
  const words = load<u32>(stage, STAGE_LABELS) << 1;
  let h = load<u32>(stage, STAGE_SEED);
  for (let i: u32 = 0; i < words; i++) h = mix(h, load<u32>(symbols + ((i as usize) << 2)));
  h = finish(h ^ (words << 2));
  store<u32>(stage, h, STAGE_HASH);
  return h;
}

/** Take the labels whose value is empty out of the ranges. */
function dropEmpty(stage: usize): void {
  const labels = load<u32>(stage, STAGE_LABELS);
  const ranges = load<u32>(stage, STAGE_RANGES) as usize;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < labels; i++) {
    const from = ranges + ((i as usize) << 4);
    if (load<u32>(from, 8) === load<u32>(from, 12)) continue;
    if (kept !== i) memory.copy(ranges + ((kept as usize) << 4), from, 16);
    kept++;
  }
  store<u32>(stage, kept, STAGE_LABELS);
}

/**
 * The slot of the staged label set; 0xffffffff when there is none: the stage then has the symbols that exist, and the hashes of
 * the texts that have none. The stage must still have the symbols of the last time, or 0xffffffff.
 */
export function stageFind(stage: usize): u32 {
  dropEmpty(stage);
  const labels = load<u32>(stage, STAGE_LABELS);
  const seed = load<u32>(stage, STAGE_SEED);
  const text = load<u32>(stage, STAGE_TEXT) as usize;
  const ranges = load<u32>(stage, STAGE_RANGES) as usize;
  const hashes = load<u32>(stage, STAGE_HASHES) as usize;
  const symbols = load<u32>(stage, STAGE_SYMBOLS) as usize;
  let isKnown = true;
  for (let i: usize = 0; i < (labels as usize) << 1; i++) {
    const start = load<u32>(ranges + (i << 3));
    const length = load<u32>(ranges + (i << 3), 4) - start;
    // Neighbours share most labels: what was at this place last time needs no hash and no table.
    const last = load<u32>(symbols + (i << 2));
    if (last !== NONE && isText(last, text + start, length)) continue;
    const hash = indexHash(text + start, length, seed);
    const symbol = findSymbol(hash, text + start, length);
    store<u32>(hashes + (i << 2), hash);
    store<u32>(symbols + (i << 2), symbol);
    if (symbol === NONE) isKnown = false;
  }
  return isKnown ? findSeries(stageHash(stage), symbols, labels) : NONE;
}

// @ts-ignore: decorator
@inline
function isPair(pair: usize, name: u32, value: u32): bool {
  return load<u32>(pair, PAIR_NAME) === name && load<u32>(pair, PAIR_VALUE) === value;
}

function findPair(name: u32, value: u32, seed: u32): usize {
  const hash = finish(mix(mix(seed, name), value) ^ 8);
  const block = blockOf(PAIR_TABLE, hash);
  const capacity = load<u32>(block);
  for (let i = homeOf(hash, capacity), left = capacity; left > 0; i = i + 1 === capacity ? 0 : i + 1, left--) {
    const entry = block + 16 + ((i as usize) << 3);
    const stored = load<u32>(entry, 4);
    if (stored === 0) return 0;
    if (load<u32>(entry) !== hash || stored === NONE) continue;
    const pair = recordAt(PAIR_RECORDS, stored - 1, PAIR_SHIFT, PAIR_BYTES);
    if (isPair(pair, name, value)) return pair;
  }
  return 0;
}

/** Note the pair records of the staged labels that have room for one more series; returns how many others there are. */
export function stagePairs(stage: usize): u32 {
  const labels = load<u32>(stage, STAGE_LABELS) as usize;
  const seed = load<u32>(stage, STAGE_SEED);
  const symbols = load<u32>(stage, STAGE_SYMBOLS) as usize;
  const pairs = load<u32>(stage, STAGE_PAIRS) as usize;
  let missing: u32 = 0;
  for (let i: usize = 0; i < labels; i++) {
    const name = load<u32>(symbols + (i << 3));
    const value = load<u32>(symbols + (i << 3), 4);
    const last = load<u32>(pairs + (i << 2)) as usize;
    const pair = last !== 0 && isPair(last, name, value) ? last : findPair(name, value, seed);
    const isReady = pair !== 0 && load<u32>(pair, PAIR_SLOTS + 4) < load<u32>(pair, PAIR_SLOTS + 8);
    store<u32>(pairs + (i << 2), isReady ? pair : 0);
    if (!isReady) missing++;
  }
  return missing;
}

/** Append to a vector that has room. */
function push(vector: usize, value: u32): void {
  const where = load<u32>(vector);
  const count = load<u32>(vector, 4);
  if ((where & 3) === 2) {
    const block = load<u32>((where & ~15) + ((count >>> 14) << 2)) as usize;
    store<u32>(block + ((count & 16383) << 2), value);
  } else if (load<u32>(vector, 8) === 1) {
    atomic.store<u32>(vector, (value << 1) | 1);
  } else {
    store<u32>((where as usize) + ((count as usize) << 2), value);
  }
  atomic.store<u32>(vector + 4, count + 1);
}

/**
 * Write the staged label set to `set`, let `record` (that of the slot) lead to it, and enter `slot` in the postings of its pairs
 * and in the list of all series, which must all have room. The list of all comes after those of pairs, since readers take what is in there to be complete; then it counts for
 * its names, so that a name counts no series that is not in the list of all.
 */
export function stageAdd(stage: usize, slot: u32, set: usize, record: usize): void {
  const labels = load<u32>(stage, STAGE_LABELS);
  const symbols = load<u32>(stage, STAGE_SYMBOLS) as usize;
  const pairs = load<u32>(stage, STAGE_PAIRS) as usize;
  store<u32>(set, load<u32>(stage, STAGE_HASH));
  store<u32>(set, labels, 4);
  memory.copy(set + LABEL_SET_HEADER, symbols, (labels as usize) << 3);
  atomic.store<u32>(record, set);
  for (let i: usize = 0; i < (labels as usize); i++) push((load<u32>(pairs + (i << 2)) as usize) + PAIR_SLOTS, slot);
  push(load<u32>(ALL_SERIES), slot);
  for (let i: usize = 0; i < (labels as usize); i++) {
    const name = load<u32>(symbolAt(load<u32>(symbols + (i << 3))), SYMBOL_NAME) - 1;
    const series = recordAt(NAME_RECORDS, name, NAME_SHIFT, NAME_BYTES) + NAME_SERIES;
    atomic.store<u32>(series, load<u32>(series) + 1);
  }
}
