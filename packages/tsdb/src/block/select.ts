import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {NO_SERIES, type SeriesRefs} from './block-postings.ts';
import type {IndexReader} from './index-reader.ts';

// As in the head (index/select.ts): a matcher that does not match the empty text wants series in one of the lists of values that
// match; one that does wants series in none of the lists of values that don't, so that an absent label counts as empty.

const decoder = new TextDecoder();

/**
 * The series of a block that match all matchers, rising (which is the order of labels); all when there are none. They lie in new memory that the
 * caller releases. Throws FileCorruption, StorageError `block_read`, MemoryLimitError.
 */
export function selectInBlock(index: IndexReader, matchers: readonly Matcher[], memory: KernelMemory): SeriesRefs {
  const wanted = matchers.filter((matcher) => !matcher.matchesEmpty);
  const unwanted = matchers.filter((matcher) => matcher.matchesEmpty && !matchesAll(matcher));
  let found: SeriesRefs | undefined;
  for (const matcher of wanted) {
    const list = seriesOf(index, offsetsOf(index, matcher, true), memory);
    found = found === undefined ? list : intersect(found, list, memory);
    if (found.count === 0) return NO_SERIES;
  }
  found ??= index.allPostings(memory);
  for (const matcher of unwanted) {
    if (found.count === 0) return NO_SERIES;
    found = subtract(found, seriesOf(index, offsetsOf(index, matcher, false), memory), memory);
  }
  return found;
}

const matchesAll = ({type, value}: Matcher): boolean => type === '=~' && value === '.*';

/** Where the lists of the values begin that the matcher says `verdict` of. */
function offsetsOf(index: IndexReader, matcher: Matcher, verdict: boolean): number[] {
  const table = index.postingsOffsets;
  const texts = literals(matcher, verdict);
  if (texts !== undefined) {
    return texts.map((text) => table.find(matcher.name, text)).filter((offset) => offset >= 0);
  }
  const offsets: number[] = [];
  const prefix = verdict && matcher.type === '=~' ? matcher.prefix : '';
  table.each(matcher.name, prefix, (bytes, from, end, offset) => {
    if (matcher.matches(decoder.decode(bytes.subarray(from, end))) === verdict) offsets.push(offset);
  });
  return offsets;
}

/** The values that the matcher says `verdict` of, where it names them all. */
function literals({type, value, setMatches}: Matcher, verdict: boolean): readonly string[] | undefined {
  const named = verdict ? ['=', '=~'] : ['!=', '!~'];
  if (!named.includes(type)) return undefined;
  if (type === '=' || type === '!=') return [value];
  return setMatches === undefined ? undefined : [...new Set(setMatches)];
}

/** The series in any of the lists at `offsets`. */
function seriesOf(index: IndexReader, offsets: readonly number[], memory: KernelMemory): SeriesRefs {
  if (offsets.length === 0) return NO_SERIES;
  if (offsets.length === 1) return index.postingsAt(offsets[0], memory);
  const table = memory.alloc(offsets.length * 8, 8);
  let total = 0;
  for (const [i, offset] of offsets.entries()) {
    const {address, count} = index.postingsAt(offset, memory);
    memory.u32.set([address, count], (table >>> 2) + 2 * i);
    total += count;
  }
  const bitmap = memory.alloc(memory.kernels.postingsSpanBytes(table, offsets.length) >>> 0, 8);
  const out = memory.alloc(total * 4, 4);
  const count = memory.kernels.postingsUnionMany(table, offsets.length, bitmap, out) >>> 0;
  return {address: out, count};
}

function intersect(a: SeriesRefs, b: SeriesRefs, memory: KernelMemory): SeriesRefs {
  const out = memory.alloc(Math.min(a.count, b.count) * 4 + 4, 4);
  const count = memory.kernels.postingsIntersect(a.address, a.count, b.address, b.count, out) >>> 0;
  return {address: out, count};
}

function subtract(a: SeriesRefs, b: SeriesRefs, memory: KernelMemory): SeriesRefs {
  const out = memory.alloc(a.count * 4 + 4, 4);
  const count = memory.kernels.postingsSubtract(a.address, a.count, b.address, b.count, out) >>> 0;
  return {address: out, count};
}
