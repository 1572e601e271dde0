// Remote write 1.0: walks through a decoded request (protobuf prometheus.WriteRequest), finds each series by two hashes of the
// raw bytes of its labels in a table that the caller keeps, and stages its samples. A sender repeats the same bytes for the
// same series, so labels are parsed once in a series' life. Why two hashes are enough: docs/decisions/known-series.md.
//
//   WriteRequest  1: TimeSeries, 3: MetricMetadata          TimeSeries  1: Label, 2: Sample, 3: Exemplar, 4: Histogram
//   Label         1: name, 2: value                          Sample      1: double value, 2: int64 timestamp, ms
//
// The caller fills in a state (layout/remote-write.ts), calls `remoteWriteCheck` once, makes room for WRITE_SAMPLE_COUNT samples,
// sets the counters back to 0, calls `remoteWrite` until it gives WRITE_DONE, and appends all in one go. So nothing has been
// stored when a request turns out to be corrupt: the check is of all that lies between series; what is in a series is found
// corrupt here (samples), by `labelRanges` (labels) or by the caller (exemplars, histograms, irregular series). On another reason WRITE_SERIES to WRITE_SERIES_END is the series that the caller must handle:
//
//   WRITE_UNKNOWN    Get the labels with `labelRanges`, find the slot and call `rememberSeries`; then resume, and the series is
//                    found. Or set WRITE_POSITION to WRITE_SERIES_END to leave the series out. Keep the table at most half full:
//                    `growKnown` makes it larger.
//   WRITE_MORE       The samples are staged, WRITE_POSITION is behind the series. Decode its exemplars and histograms, whose slot is
//                    WRITE_SLOT; resume.
//   WRITE_IRREGULAR, WRITE_TIME
//                    Handle the whole series, set WRITE_POSITION to WRITE_SERIES_END, resume.
//   WRITE_FULL       Append what is staged, set WRITE_STAGED to 0, resume.
//   WRITE_CORRUPT    Refuse the request.
//
// No length or varint of the request is trusted. Fields that are not known are passed over, as protobuf wants; groups are corrupt.
import {CORRUPT} from '../layout/codes';
import {
  KNOWN_BYTES,
  KNOWN_DROPPED,
  KNOWN_HASH,
  KNOWN_SLOT,
  KNOWN_SUM,
  WRITE_CAPACITY,
  WRITE_CORRUPT,
  WRITE_DONE,
  WRITE_DROPPED_COUNT,
  WRITE_END,
  WRITE_EXEMPLAR_COUNT,
  WRITE_FULL,
  WRITE_HASH,
  WRITE_HISTOGRAM_COUNT,
  WRITE_IRREGULAR,
  WRITE_KEY,
  WRITE_LABELS_END,
  WRITE_MASK,
  WRITE_METADATA_COUNT,
  WRITE_MORE,
  WRITE_POSITION,
  WRITE_SAMPLE_COUNT,
  WRITE_SEED,
  WRITE_SERIES,
  WRITE_SERIES_COUNT,
  WRITE_SERIES_END,
  WRITE_SLOT,
  WRITE_SLOTS,
  WRITE_STAGED,
  WRITE_SUM,
  WRITE_TABLE,
  WRITE_TIME,
  WRITE_TIMES,
  WRITE_UNKNOWN,
  WRITE_VALUES,
} from '../layout/remote-write';
import {keyedSum} from './keyed-sum';
import {loadVarint, shortVarint, shortVarintBytes, varintEnd} from './varint';
import {xxhash64Seeded} from './xxhash64';

// Tags: field number << 3 | wire type. Those used here have one byte.
const TAG_FIRST_TEXT: u32 = (1 << 3) | 2;
const TAG_SECOND_TEXT: u32 = (2 << 3) | 2;
const TAG_THIRD_TEXT: u32 = (3 << 3) | 2;
const TAG_FOURTH_TEXT: u32 = (4 << 3) | 2;
/** Tags below this are of fields that a series has. */
const FIFTH_FIELD: u32 = 5 << 3;
const TAG_SAMPLE_VALUE: u32 = (1 << 3) | 1;
const TAG_SAMPLE_TIME: u32 = (2 << 3) | 0;

/** Times beyond this are not exact in a double. */
const TIME_MAX: i64 = 0x1fffffffffffff;

/** Walk through the whole request, adding up the counters; gives WRITE_DONE or WRITE_CORRUPT. The position stays. */
export function remoteWriteCheck(state: usize): u32 {
  const end = <usize>load<u32>(state, WRITE_END);
  let at = <usize>load<u32>(state, WRITE_POSITION);
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return WRITE_CORRUPT;
    if (tag == TAG_FIRST_TEXT) {
      if (!countSeries(state, contentOf(at + 1), next)) return WRITE_CORRUPT;
    } else if (tag == TAG_THIRD_TEXT) {
      add(state, WRITE_METADATA_COUNT, 1);
    } else if (tag >>> 3 == 1 || tag >>> 3 == 3) {
      return WRITE_CORRUPT;
    }
    at = next;
  }
  return WRITE_DONE;
}

/** Walk on through the request; gives the reason to stop. */
export function remoteWrite(state: usize): u32 {
  const end = <usize>load<u32>(state, WRITE_END);
  let at = <usize>load<u32>(state, WRITE_POSITION);
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return WRITE_CORRUPT;
    if (tag == TAG_FIRST_TEXT) {
      const reason = takeSeries(state, contentOf(at + 1), next);
      if (reason == WRITE_MORE) store<u32>(state, <u32>next, WRITE_POSITION);
      if (reason != WRITE_DONE) return reason;
    } else if (tag == TAG_THIRD_TEXT) {
      add(state, WRITE_METADATA_COUNT, 1);
    }
    at = next;
    store<u32>(state, <u32>at, WRITE_POSITION);
  }
  return WRITE_DONE;
}

/**
 * Write the ranges of the labels of the series message from `at` to `end` to `out`: u32 addresses of the begin and the end of the
 * name, the begin and the end of the value. Gives the number of labels or CORRUPT, also for more than `labelsMax`, which `out` has room for.
 */
export function labelRanges(at: usize, end: usize, out: usize, labelsMax: u32): u32 {
  let count: u32 = 0;
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return CORRUPT;
    if (tag == TAG_FIRST_TEXT) {
      if (count == labelsMax || !labelRange(contentOf(at + 1), next, out + (count << 4))) return CORRUPT;
      count++;
    }
    at = next;
  }
  return count;
}

/** Put the unknown series that `remoteWrite` stopped at into the table. */
export function rememberSeries(state: usize, slot: u32): void {
  const hash = load<u64>(state, WRITE_HASH);
  place(<usize>load<u32>(state, WRITE_TABLE), load<u32>(state, WRITE_MASK), hash, load<u64>(state, WRITE_SUM), slot + 1);
}

/**
 * Let the table at `table`, with an empty record, become one of `grownMask` + 1 records where it is: a larger power of two, whose
 * memory behind the table is zeroed.
 */
export function growKnown(table: usize, mask: u32, grownMask: u32): void {
  let empty: u32 = 0;
  while (load<u32>(table + <usize>empty * KNOWN_BYTES, KNOWN_SLOT) != 0) empty++;
  // From behind an empty record on, each record is taken out and finds its place before the ones that are still to be moved, or
  // behind the old table.
  for (let i: u32 = 1; i <= mask; i++) {
    const record = table + <usize>((empty + i) & mask) * KNOWN_BYTES;
    const stored = load<u32>(record, KNOWN_SLOT);
    if (stored == 0) continue;
    store<u32>(record, 0, KNOWN_SLOT);
    place(table, grownMask, load<u64>(record, KNOWN_HASH), load<u64>(record, KNOWN_SUM), stored);
  }
}

// @ts-ignore: decorator
@inline
function place(table: usize, mask: u32, hash: u64, sum: u64, stored: u32): void {
  let i = <u32>hash & mask;
  while (load<u32>(table + <usize>i * KNOWN_BYTES, KNOWN_SLOT) != 0) i = (i + 1) & mask;
  const record = table + <usize>i * KNOWN_BYTES;
  store<u64>(record, hash, KNOWN_HASH);
  store<u64>(record, sum, KNOWN_SUM);
  store<u32>(record, stored, KNOWN_SLOT);
}

/** The record of the label bytes with these hashes, or 0. */
function findKnown(state: usize, hash: u64, sum: u64): usize {
  const table = <usize>load<u32>(state, WRITE_TABLE);
  const mask = load<u32>(state, WRITE_MASK);
  for (let i = <u32>hash & mask, left = mask + 1; left > 0; i = (i + 1) & mask, left--) {
    const record = table + <usize>i * KNOWN_BYTES;
    if (load<u32>(record, KNOWN_SLOT) == 0) return 0;
    if (load<u64>(record, KNOWN_HASH) == hash && load<u64>(record, KNOWN_SUM) == sum) return record;
  }
  return 0;
}

/** Check the fields of the series from `at` to `end` and add them to the counters. */
function countSeries(state: usize, at: usize, end: usize): bool {
  let samples: u32 = 0;
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return false;
    if (tag == TAG_SECOND_TEXT) samples++;
    else if (tag == TAG_THIRD_TEXT) add(state, WRITE_EXEMPLAR_COUNT, 1);
    else if (tag == TAG_FOURTH_TEXT) add(state, WRITE_HISTOGRAM_COUNT, 1);
    else if (tag != TAG_FIRST_TEXT && tag < FIFTH_FIELD) return false;
    at = next;
  }
  add(state, WRITE_SERIES_COUNT, 1);
  add(state, WRITE_SAMPLE_COUNT, samples);
  return true;
}

/** Find the series from `at` to `end` and stage its samples; WRITE_DONE when that is all that there is. */
function takeSeries(state: usize, at: usize, end: usize): u32 {
  store<u32>(state, <u32>at, WRITE_SERIES);
  store<u32>(state, <u32>end, WRITE_SERIES_END);
  const labels = at;
  while (at < end && <u32>load<u8>(at) == TAG_FIRST_TEXT) {
    at = fieldEnd(at, end);
    if (at == 0) return WRITE_CORRUPT;
  }
  store<u32>(state, <u32>at, WRITE_LABELS_END);
  if (at == labels) return WRITE_IRREGULAR;
  const length = <u32>(at - labels);
  const hash = xxhash64Seeded(labels, length, load<u64>(state, WRITE_SEED));
  store<u64>(state, hash, WRITE_HASH);
  const sum = keyedSum(labels, length, <usize>load<u32>(state, WRITE_KEY));
  store<u64>(state, sum, WRITE_SUM);
  const record = findKnown(state, hash, sum);
  if (record == 0) return WRITE_UNKNOWN;
  const slot = load<u32>(record, KNOWN_SLOT) - 1;
  store<u32>(state, slot, WRITE_SLOT);
  return stageSamples(state, at, end, slot);
}

/** Stage the samples from `at`, behind the labels, to `end`. Nothing is staged and counted unless the series is done (WRITE_DONE or WRITE_MORE). */
function stageSamples(state: usize, at: usize, end: usize, slot: u32): u32 {
  const before = load<u32>(state, WRITE_STAGED);
  const capacity = load<u32>(state, WRITE_CAPACITY);
  const slots = <usize>load<u32>(state, WRITE_SLOTS);
  const times = <usize>load<u32>(state, WRITE_TIMES);
  const values = <usize>load<u32>(state, WRITE_VALUES);
  let staged = before;
  let exemplars: u32 = 0;
  let histograms: u32 = 0;
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return WRITE_CORRUPT;
    if (tag == TAG_SECOND_TEXT) {
      if (staged == capacity) return WRITE_FULL;
      store<u32>(slots + (staged << 2), slot);
      const outcome = takeSample(contentOf(at + 1), next, times + (staged << 3), values + (staged << 3));
      if (outcome != WRITE_DONE) return outcome;
      staged++;
    } else if (tag == TAG_FIRST_TEXT) {
      return WRITE_IRREGULAR;
    } else if (tag == TAG_THIRD_TEXT) {
      exemplars++;
    } else if (tag == TAG_FOURTH_TEXT) {
      histograms++;
    }
    at = next;
  }
  add(state, WRITE_SERIES_COUNT, 1);
  add(state, WRITE_SAMPLE_COUNT, staged - before);
  add(state, WRITE_EXEMPLAR_COUNT, exemplars);
  add(state, WRITE_HISTOGRAM_COUNT, histograms);
  if (slot == KNOWN_DROPPED) add(state, WRITE_DROPPED_COUNT, staged - before);
  else store<u32>(state, staged, WRITE_STAGED);
  return exemplars | histograms ? WRITE_MORE : WRITE_DONE;
}

/** Decode the sample from `at` to `end`: WRITE_DONE, WRITE_TIME or WRITE_CORRUPT. Fields that are missing are 0, the last one counts. */
// @ts-ignore: decorator
@inline
function takeSample(at: usize, end: usize, time: usize, value: usize): u32 {
  let bits: u64 = 0;
  let t: i64 = 0;
  while (at < end) {
    const tag = <u32>load<u8>(at);
    if (tag == TAG_SAMPLE_VALUE) {
      if (end - at < 9) return WRITE_CORRUPT;
      bits = load<u64>(at + 1);
      at += 9;
    } else if (tag == TAG_SAMPLE_TIME) {
      const word = load<u64>(at + 1);
      const bytes = shortVarintBytes(word);
      const next = bytes <= 8 ? at + 1 + bytes : varintEnd(at + 1, end);
      if (next == 0 || next > end) return WRITE_CORRUPT;
      t = <i64>(bytes <= 8 ? shortVarint(word, bytes) : loadVarint(at + 1));
      at = next;
    } else {
      if (tag >>> 3 == 1 || tag >>> 3 == 2) return WRITE_CORRUPT;
      at = fieldEnd(at, end);
      if (at == 0) return WRITE_CORRUPT;
    }
  }
  store<u64>(value, bits);
  store<f64>(time, <f64>t);
  return t >= -TIME_MAX && t <= TIME_MAX ? WRITE_DONE : WRITE_TIME;
}

/** Write the ranges of one label message to `out`; false when it is corrupt. A missing name or value is empty. */
function labelRange(at: usize, end: usize, out: usize): bool {
  store<u32>(out, <u32>at);
  store<u32>(out, <u32>at, 4);
  store<u32>(out, <u32>at, 8);
  store<u32>(out, <u32>at, 12);
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const next = fieldEnd(at, end);
    if (next == 0) return false;
    if (tag == TAG_FIRST_TEXT || tag == TAG_SECOND_TEXT) {
      const range = tag == TAG_FIRST_TEXT ? out : out + 8;
      store<u32>(range, <u32>contentOf(at + 1));
      store<u32>(range, <u32>next, 4);
    } else if (tag >>> 3 == 1 || tag >>> 3 == 2) {
      return false;
    }
    at = next;
  }
  return true;
}

/** The address behind the field whose tag is at `at`, or 0 when it does not end by `end` or is malformed. */
// @ts-ignore: decorator
@inline
function fieldEnd(at: usize, end: usize): usize {
  const tag = <u32>load<u8>(at);
  const length = <u32>load<u8>(at + 1);
  // Nearly all fields have a tag of one byte and a length of one.
  if ((tag & 7) == 2 && tag >= 8 && tag < 0x80 && length < 0x80) {
    const next = at + 2 + length;
    return next <= end ? next : 0;
  }
  return longFieldEnd(at, end);
}

function longFieldEnd(at: usize, end: usize): usize {
  const tagEnd = varintEnd(at, end);
  if (tagEnd == 0) return 0;
  const tag = loadVarint(at);
  if (tag < 8 || tag > 0xffffffff) return 0;
  let bytes: u64 = 0;
  let begin = tagEnd;
  switch (<u32>tag & 7) {
    case 0:
      return varintEnd(tagEnd, end);
    case 1:
      bytes = 8;
      break;
    case 2:
      begin = varintEnd(tagEnd, end);
      if (begin == 0) return 0;
      bytes = loadVarint(tagEnd);
      break;
    case 5:
      bytes = 4;
      break;
    default:
      return 0;
  }
  return bytes <= <u64>(end - begin) ? begin + <usize>bytes : 0;
}

/** Where the content begins whose length, which `fieldEnd` has checked, is at `at`. */
// @ts-ignore: decorator
@inline
function contentOf(at: usize): usize {
  while (load<u8>(at) >= 0x80) at++;
  return at + 1;
}

// @ts-ignore: decorator
@inline
function add(state: usize, counter: usize, count: u32): void {
  store<u32>(state + counter, load<u32>(state + counter) + count);
}
