// Line prediction. A target exposes the same lines in the same order at each scrape, only the values differ. The caller
// remembers the bytes of each line up to its value (`http_requests_total{code="200"} `, the space included) with the slot
// that it led to, and this kernel walks through the next body comparing each line with the one that was there last time:
// no label is parsed, no series looked up.
//
// The caller fills in a state (layout/scrape-lines.ts) and calls `scrapeLines` until it gives LINES_DONE. On another reason
// LINES_POSITION is at the beginning of the line that the caller must handle:
//
//   LINES_DIFFER  Parse this line in full and find its series. To resume, set LINES_POSITION behind the line, and LINES_NEXT
//                 to the record behind the one of this series when the table has one (lines were left out or came in another
//                 order), or leave it (a new line). Set LINE_SEEN of the record by hand, as the kernel did not.
//   LINES_VALUE   Record LINES_NEXT is the line's; parse only what follows: an exemplar, a timestamp that may not be taken,
//                 a number of over 19 digits, a number that is wrong. Stage it, set LINES_POSITION behind the line, add 1 to
//                 LINES_NEXT.
//   LINES_FULL    Append what is staged, set LINES_STAGED to 0.
//
// When all is done, records whose LINE_SEEN is not of this body are series that vanished. Let generations go up by 2: a
// record with generation + 1 came with its own timestamp, and is not tracked for staleness. Where LINES_NEXT came to
// LINES_EXPECTED without a LINES_DIFFER, nothing vanished and nothing is new.
//
// Comment records hold whole lines, any number of them, and are compared as they are; so metadata is parsed when it changes.
// Remember neither an empty line nor `# EOF`, so that the caller sees them. Everything is relative to LINES_TEXT, so that
// table and text can be copied in as they are. A record with no bytes never matches.
import {sameBytes} from './bytes';
import {takeFloat} from './float-text';
import {
  LINES_CAPACITY,
  LINES_DIFFER,
  LINES_DONE,
  LINES_END,
  LINES_EXPECTED,
  LINES_FULL,
  LINES_GENERATION,
  LINES_NEXT,
  LINES_POSITION,
  LINES_POWERS,
  LINES_SAMPLES,
  LINES_SLOTS,
  LINES_STAGED,
  LINES_TABLE,
  LINES_TEXT,
  LINES_TIME,
  LINES_TIMES,
  LINES_TIMESTAMPS,
  LINES_VALUE,
  LINES_VALUES,
  LINE_BYTES,
  LINE_COMMENT,
  LINE_DROPPED,
  LINE_LENGTH,
  LINE_OFFSET,
  LINE_SEEN,
  LINE_SLOT,
  TIMESTAMPS_STOP,
  TIMESTAMPS_TAKE,
} from '../layout/scrape-lines';

const LINE_FEED: u32 = 0x0a;
/** Timestamps with more digits may not fit a double. */
const TIMESTAMP_DIGITS_MAX: usize = 15;

/** Walk on through the body; gives the reason to stop: LINES_DONE, LINES_DIFFER, LINES_VALUE or LINES_FULL. */
export function scrapeLines(state: usize): u32 {
  const end = <usize>load<u32>(state, LINES_END);
  const text = <usize>load<u32>(state, LINES_TEXT);
  const table = <usize>load<u32>(state, LINES_TABLE);
  const generation = load<u32>(state, LINES_GENERATION);
  const timestamps = load<u32>(state, LINES_TIMESTAMPS);
  const powers = <usize>load<u32>(state, LINES_POWERS);
  const slots = <usize>load<u32>(state, LINES_SLOTS);
  const times = <usize>load<u32>(state, LINES_TIMES);
  const values = <usize>load<u32>(state, LINES_VALUES);
  const capacity = load<u32>(state, LINES_CAPACITY);
  const time = load<f64>(state, LINES_TIME);
  const last = table + load<u32>(state, LINES_EXPECTED) * LINE_BYTES;
  let record = table + load<u32>(state, LINES_NEXT) * LINE_BYTES;
  let at = <usize>load<u32>(state, LINES_POSITION);
  let staged = load<u32>(state, LINES_STAGED);
  let samples = load<u32>(state, LINES_SAMPLES);
  let reason: u32 = LINES_DONE;

  while (at < end) {
    if (record >= last) {
      reason = LINES_DIFFER;
      break;
    }
    const length = <usize>load<u32>(record, LINE_LENGTH);
    if (length == 0 || length > end - at || !sameBytes(text + load<u32>(record, LINE_OFFSET), at, length)) {
      reason = LINES_DIFFER;
      break;
    }
    const slot = load<u32>(record, LINE_SLOT);
    if (slot == LINE_COMMENT) {
      store<u32>(record, generation, LINE_SEEN);
      at += length;
      record += LINE_BYTES;
      continue;
    }
    if (staged >= capacity) {
      reason = LINES_FULL;
      break;
    }
    const behind = takeFloat(at + length, end, powers, values + (staged << 3));
    if (behind == 0 || behind == end) {
      reason = LINES_VALUE;
      break;
    }
    let line = behind;
    let own = time;
    let seen = generation;
    if (load<u8>(line) != LINE_FEED) {
      const token = timestamps == TIMESTAMPS_STOP ? behind : skipBlanks(behind, end);
      const tokenEnd = skipDigits(token, end);
      line = skipBlanks(tokenEnd, end);
      if (token == behind || line == end || load<u8>(line) != LINE_FEED || tokenEnd - token > TIMESTAMP_DIGITS_MAX) {
        reason = LINES_VALUE;
        break;
      }
      if (tokenEnd > token && timestamps == TIMESTAMPS_TAKE) {
        own = <f64>digits(token, tokenEnd);
        seen++;
      }
    }
    store<u32>(record, seen, LINE_SEEN);
    samples++;
    if (slot != LINE_DROPPED) {
      store<u32>(slots + (staged << 2), slot);
      store<f64>(times + (staged << 3), own);
      staged++;
    }
    at = line + 1;
    record += LINE_BYTES;
  }

  store<u32>(state, <u32>at, LINES_POSITION);
  store<u32>(state, <u32>((record - table) / LINE_BYTES), LINES_NEXT);
  store<u32>(state, staged, LINES_STAGED);
  store<u32>(state, samples, LINES_SAMPLES);
  return reason;
}

/** The first address from `at` on, at most `end`, that holds neither a space nor a tab. */
function skipBlanks(at: usize, end: usize): usize {
  while (at < end && (load<u8>(at) == 0x20 || load<u8>(at) == 0x09)) at++;
  return at;
}

/** The first address from `at` on, at most `end`, that holds no digit. */
function skipDigits(at: usize, end: usize): usize {
  while (at < end && <u32>load<u8>(at) - 0x30 <= 9) at++;
  return at;
}

/** The number that the digits from `at` to `end` are. */
function digits(at: usize, end: usize): u64 {
  let number: u64 = 0;
  for (; at < end; at++) number = number * 10 + load<u8>(at) - 0x30;
  return number;
}
