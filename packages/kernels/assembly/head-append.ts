// Samples into open chunks: validate the whole batch, then claim banks and append. See packages/tsdb/src/head/README.md
// for who may look at what meanwhile, layout/series.ts and layout/head-batch.ts for the memory.
import {
  BATCH_CHUNK_RANGE,
  BATCH_CLOSED,
  BATCH_CLOSED_BYTES,
  BATCH_CLOSED_LIST,
  BATCH_COMMIT,
  BATCH_COUNT,
  BATCH_DIRECTORY,
  BATCH_FIRST,
  BATCH_LOG_REFS,
  BATCH_LOG_TIMES,
  BATCH_LOG_VALUES,
  BATCH_MAX_TIME,
  BATCH_MIN_TIME,
  BATCH_MIN_VALID,
  BATCH_OPENED,
  BATCH_OUT_OF_ORDER_FROM,
  BATCH_RETIRED,
  BATCH_RETIRED_LIST,
  BATCH_SERIES,
  BATCH_SLOTS,
  BATCH_SPARES,
  BATCH_SPARES_LIST,
  BATCH_STATUSES,
  BATCH_STATUS_KINDS,
  BATCH_STOP,
  BATCH_STOP_STEP,
  BATCH_TALLY,
  BATCH_TIMES,
  BATCH_TOUCHED,
  BATCH_VALUES,
  CHUNK_BYTES_MAX,
  CHUNK_SAMPLES_MAX,
  CHUNK_SAMPLES_PLAN,
  CLOSED_MAX,
  LADDER_BYTES_MAX,
  LADDER_STEPS,
  RECORDS_PER_PAGE,
  RECORDS_SHIFT,
  RETIRED_MAX,
  SPARES_MAX,
  STATUS_CONFLICT,
  STATUS_DUPLICATE,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REMOVED,
  STATUS_STORED,
  STATUS_STORED_OUT_OF_ORDER,
  STATUS_TOO_OLD,
  STOP_END,
  STOP_LISTS,
  STOP_SPARES,
} from '../layout/head-batch';
import {
  BANK_COMMIT,
  BANK_NEWEST_TIME,
  BANK_NEWEST_VALUE,
  BANK_OPEN,
  BANK_OPEN_BYTES,
  BANK_OPEN_COUNT,
  SERIES_BANKS,
  SERIES_BANK_BYTES,
  SERIES_BYTES,
  SERIES_NEXT_CUT,
  SERIES_PENDING,
  SERIES_REF,
} from '../layout/series';
import {XOR_CAPACITY, XOR_COUNT, XOR_DATA, XOR_FIRST_TIME, XOR_LAST_TIME, XOR_LAST_VALUE, XOR_OVERHEAD} from '../layout/xor-chunk';
import {xorAppendBits, xorBytes, xorCopy, xorInit} from './xor';

/** Samples that are claimed, and whose memory is asked for, at once. */
const GROUP: u32 = 256;

/** The bytes of a block at `step` of the ladder: 128, 192, 256, 384, 512, 768, 1024, 1280. */
export function headLadderBytes(step: u32): u32 {
  return min(<u32>(step & 1 ? 192 : 128) << (step >>> 1), <u32>LADDER_BYTES_MAX);
}

/** The first step with room for `bytes` of encoded data. */
function ladderStep(bytes: u32): u32 {
  let step: u32 = 0;
  while (headLadderBytes(step) < bytes + XOR_OVERHEAD) step++;
  return step;
}

// @ts-ignore: decorator
@inline
function recordOf(directory: usize, slot: u32): usize {
  const page = <usize>load<u32>(directory + ((slot >>> RECORDS_SHIFT) << 2));
  return page + (slot & (RECORDS_PER_PAGE - 1)) * SERIES_BYTES;
}

/** The bank that the later commit made; numbers of commits wrap around. */
// @ts-ignore: decorator
@inline
function newestBank(record: usize): usize {
  const first = record + SERIES_BANKS;
  const ahead = <i32>(load<u32>(first, BANK_COMMIT) - load<u32>(first + SERIES_BANK_BYTES, BANK_COMMIT));
  return ahead >= 0 ? first : first + SERIES_BANK_BYTES;
}

// @ts-ignore: decorator
@inline
function otherBank(record: usize, bank: usize): usize {
  return ((record + SERIES_BANKS) << 1) + SERIES_BANK_BYTES - bank;
}

/**
 * Give each sample of `batch` its status, as if those before it were in already, and count them; note what the log needs.
 * Changes nothing that outlasts the batch. Gives the number accepted.
 */
export function headValidate(batch: usize): u32 {
  const series = <usize>load<u32>(batch, BATCH_SERIES);
  const times = <usize>load<u32>(batch, BATCH_TIMES);
  const values = <usize>load<u32>(batch, BATCH_VALUES);
  const statuses = <usize>load<u32>(batch, BATCH_STATUSES);
  const directory = <usize>load<u32>(batch, BATCH_DIRECTORY);
  const logged = load<u32>(batch, BATCH_LOG_REFS) != 0;
  const slots = load<u32>(batch, BATCH_SLOTS);
  const count = load<u32>(batch, BATCH_COUNT);
  const minValid = load<f64>(batch, BATCH_MIN_VALID);
  const outOfOrderFrom = load<f64>(batch, BATCH_OUT_OF_ORDER_FROM);
  let minTime = Infinity;
  let maxTime = -Infinity;
  let accepted: u32 = 0;
  memory.fill(batch + BATCH_TALLY, 0, BATCH_STATUS_KINDS * 4);
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(series + (i << 2));
    if (slot >= slots) unreachable();
    const record = recordOf(directory, slot);
    const t = load<f64>(times + (i << 3));
    // Before anything was accepted for this series in this batch, the index is left from another batch. Then it is not
    // below i, or that sample is of another series, or was not accepted: it needs no clearing, whatever became of that batch.
    const pending = load<u32>(record, SERIES_PENDING);
    const again = pending < i && (load<u32>(series + (pending << 2)) & ~BATCH_FIRST) == <u32>record &&
      load<u8>(statuses + pending) == STATUS_STORED;
    const bank = newestBank(record);
    const newestTime = again ? times + (pending << 3) : bank + BANK_NEWEST_TIME;
    const newestValue = again ? values + (pending << 3) : bank + BANK_NEWEST_VALUE;
    const newest = load<f64>(newestTime);
    let status: u32 = STATUS_OUT_OF_ORDER;
    const ref = load<f64>(record, SERIES_REF);
    if (ref == 0) {
      status = STATUS_REMOVED;
    } else if (t >= minValid && t > newest) {
      status = STATUS_STORED;
      if (logged) note(batch, accepted, ref, t, load<u64>(values + (i << 3)));
      store<u32>(record, i, SERIES_PENDING);
      accepted++;
      minTime = min(minTime, t);
      maxTime = max(maxTime, t);
    } else if (t >= minValid && t == newest) {
      status = load<u64>(newestValue) == load<u64>(values + (i << 3)) ? STATUS_DUPLICATE : STATUS_CONFLICT;
    } else if (t >= outOfOrderFrom) {
      status = STATUS_STORED_OUT_OF_ORDER;
    } else if (outOfOrderFrom != Infinity) {
      status = STATUS_TOO_OLD;
    } else if (t < minValid) {
      status = STATUS_OUT_OF_BOUNDS;
    }
    store<u32>(series + (i << 2), <u32>record | (again ? 0 : BATCH_FIRST));
    store<u8>(statuses + i, <u8>status);
    const tally = batch + BATCH_TALLY + (status << 2);
    store<u32>(tally, load<u32>(tally) + 1);
  }
  store<f64>(batch, minTime, BATCH_MIN_TIME);
  store<f64>(batch, maxTime, BATCH_MAX_TIME);
  return accepted;
}

// @ts-ignore: decorator
@inline
function note(batch: usize, at: u32, ref: f64, t: f64, value: u64): void {
  store<f64>(<usize>load<u32>(batch, BATCH_LOG_REFS) + (at << 3), ref);
  store<f64>(<usize>load<u32>(batch, BATCH_LOG_TIMES) + (at << 3), t);
  store<u64>(<usize>load<u32>(batch, BATCH_LOG_VALUES) + (at << 3), value);
}

/**
 * Append the accepted samples of a validated `batch` from sample `from` on. Before anything of a series changes, other threads
 * see that its older bank is claimed by this commit, so that it is not theirs to read. Gives the sample to go on with, after what
 * BATCH_STOP asks for was done; STOP_END at the end.
 */
export function headAppend(batch: usize, from: u32): u32 {
  const series = <usize>load<u32>(batch, BATCH_SERIES);
  const times = <usize>load<u32>(batch, BATCH_TIMES);
  const values = <usize>load<u32>(batch, BATCH_VALUES);
  const statuses = <usize>load<u32>(batch, BATCH_STATUSES);
  const count = load<u32>(batch, BATCH_COUNT);
  const range = load<f64>(batch, BATCH_CHUNK_RANGE);
  let claimed = from;
  for (let i = from; i < count; i++) {
    if (i == claimed) {
      claimed = min(i + GROUP, count);
      claim(batch, i, claimed);
    }
    if (load<u8>(statuses + i) != STATUS_STORED) continue;
    const entry = load<u32>(series + (i << 2));
    const record = <usize>(entry & ~BATCH_FIRST);
    const bank = newestBank(record);
    if (entry & BATCH_FIRST) carryOver(otherBank(record, bank), bank);
    const t = load<f64>(times + (i << 3));
    const value = load<u64>(values + (i << 3));
    let chunk = <usize>load<u32>(bank, BANK_OPEN);
    let samples = load<u32>(bank, BANK_OPEN_COUNT);
    if (chunk == 0 || isFull(record, chunk, samples, t, range)) {
      // The next chunk of a series is most often as long as the last one: no need to grow then.
      const step = chunk == 0 ? 0 : ladderStep(xorBytes(chunk));
      const next = load<u32>(batch, BATCH_CLOSED) < <u32>CLOSED_MAX ? takeSpare(batch, step) : noRoom(batch);
      if (next == 0) return stopAt(series, i, entry);
      if (chunk != 0) close(batch, record, bank, chunk, samples);
      else store<u32>(batch, load<u32>(batch, BATCH_OPENED) + 1, BATCH_OPENED);
      chunk = next;
      samples = 0;
      xorInit(chunk, headLadderBytes(step) - XOR_OVERHEAD);
      store<u32>(bank, <u32>chunk, BANK_OPEN);
      store<u32>(record, spanFrom(t, rangeEnd(t, range)), SERIES_NEXT_CUT);
      store<u32>(bank, 0, BANK_OPEN_COUNT);
    }
    if (!xorAppendBits(chunk, <i64>t, value)) {
      chunk = grow(batch, chunk);
      if (chunk == 0) return stopAt(series, i, entry);
      store<u32>(bank, <u32>chunk, BANK_OPEN);
      if (!xorAppendBits(chunk, <i64>t, value)) unreachable();
    }
    // Readers go by the bank, so that no barrier is needed here.
    store<u32>(chunk, samples + 1, XOR_COUNT);
    store<f64>(bank, t, BANK_NEWEST_TIME);
    store<u64>(bank, value, BANK_NEWEST_VALUE);
    store<u32>(bank, samples + 1, BANK_OPEN_COUNT);
    store<u32>(bank, xorBytes(chunk), BANK_OPEN_BYTES);
  }
  store<u32>(batch, STOP_END, BATCH_STOP);
  return count;
}

/**
 * Claim the older bank of each series that samples [from, to) change, by the number of this commit, and bring what the
 * appends need into the cache: these loads wait for memory side by side, those of the appends one after the other.
 */
function claim(batch: usize, from: u32, to: u32): void {
  const series = <usize>load<u32>(batch, BATCH_SERIES);
  const statuses = <usize>load<u32>(batch, BATCH_STATUSES);
  const commit = load<u32>(batch, BATCH_COMMIT);
  let sum: u64 = 0;
  for (let i = from; i < to; i++) {
    const entry = load<u32>(series + (i << 2));
    if (load<u8>(statuses + i) != STATUS_STORED || !(entry & BATCH_FIRST)) continue;
    const record = <usize>(entry & ~BATCH_FIRST);
    const stable = newestBank(record);
    // A group is begun again after a stop.
    if (load<u32>(stable, BANK_COMMIT) == commit) continue;
    store<u32>(otherBank(record, stable), commit, BANK_COMMIT);
    // Address 0 can be loaded from, too.
    const chunk = <usize>load<u32>(stable, BANK_OPEN);
    sum += load<u64>(chunk) + load<u64>(chunk, XOR_LAST_VALUE);
    sum += load<u64>(chunk + XOR_DATA + load<u32>(stable, BANK_OPEN_BYTES));
  }
  store<u64>(batch, sum, BATCH_TOUCHED);
  // A full barrier (AssemblyScript 0.28 emits a fence that its own validator refuses).
  atomic.add<u32>(batch, 0, BATCH_STOP);
}

/** Begin this commit's bank with what the one before left: all but its number. */
// @ts-ignore: decorator
@inline
function carryOver(from: usize, to: usize): void {
  v128.store(to + 4, v128.load(from + 4));
  v128.store(to + 20, v128.load(from + 20));
  v128.store(to + 32, v128.load(from + 32));
}

/** Sample `at` was begun: what is in its bank is not to be carried over again. */
// @ts-ignore: decorator
@inline
function stopAt(series: usize, at: u32, entry: u32): u32 {
  store<u32>(series + (at << 2), entry & ~BATCH_FIRST);
  return at;
}

// @ts-ignore: decorator
@inline
function isFull(record: usize, chunk: usize, samples: u32, t: f64, range: f64): bool {
  if (xorBytes(chunk) > <u32>CHUNK_BYTES_MAX || samples >= <u32>CHUNK_SAMPLES_MAX) return true;
  const start = <f64>load<i64>(chunk, XOR_FIRST_TIME);
  if (samples == CHUNK_SAMPLES_PLAN) plan(record, start, <f64>load<i64>(chunk, XOR_LAST_TIME));
  return t - start >= <f64>load<u32>(record, SERIES_NEXT_CUT);
}

/** A quarter of a chunk is there: let the chunks up to the end of the range become equally long at this rate. */
function plan(record: usize, start: f64, newest: f64): void {
  const rest = <f64>load<u32>(record, SERIES_NEXT_CUT);
  const chunks = rest / ((newest - start + 1) * 4);
  if (chunks <= 1) return;
  store<u32>(record, spanFrom(start, trunc(start + rest / floor(chunks))), SERIES_NEXT_CUT);
}

/** Where the range ends that `t` is in, as Go's integer division has it: the ranges beside 0 are one below 0. */
// @ts-ignore: decorator
@inline
function rangeEnd(t: f64, range: f64): f64 {
  return trunc(t / range) * range + range;
}

// @ts-ignore: decorator
@inline
function spanFrom(start: f64, end: f64): u32 {
  return <u32>min(end - start, <f64>u32.MAX_VALUE);
}

function takeSpare(batch: usize, step: u32): usize {
  const stack = batch + BATCH_SPARES + (step << 2);
  const left = load<u32>(stack);
  if (left == 0) {
    store<u32>(batch, STOP_SPARES, BATCH_STOP);
    store<u32>(batch, step, BATCH_STOP_STEP);
    return 0;
  }
  store<u32>(stack, left - 1);
  return <usize>load<u32>(batch + BATCH_SPARES_LIST + ((step * SPARES_MAX + left - 1) << 2));
}

function noRoom(batch: usize): usize {
  store<u32>(batch, STOP_LISTS, BATCH_STOP);
  return 0;
}

/** Copy `chunk` to the next larger block; 0 when the batch has to be stopped. */
function grow(batch: usize, chunk: usize): usize {
  const retired = load<u32>(batch, BATCH_RETIRED);
  if (retired == RETIRED_MAX) return noRoom(batch);
  const capacity = load<u32>(chunk, XOR_CAPACITY);
  const step = ladderStep(capacity + 1);
  if (step >= <u32>LADDER_STEPS) unreachable();
  const larger = takeSpare(batch, step);
  if (larger == 0) return 0;
  xorCopy(chunk, larger, headLadderBytes(step) - XOR_OVERHEAD);
  const entry = batch + BATCH_RETIRED_LIST + (retired << 3);
  store<u32>(entry, <u32>chunk);
  store<u32>(entry, capacity + XOR_OVERHEAD, 4);
  store<u32>(batch, retired + 1, BATCH_RETIRED);
  return larger;
}

// @ts-ignore: decorator
@inline
function close(batch: usize, record: usize, bank: usize, chunk: usize, samples: u32): void {
  const closed = load<u32>(batch, BATCH_CLOSED);
  const entry = batch + BATCH_CLOSED_LIST + closed * BATCH_CLOSED_BYTES;
  store<u32>(entry, <u32>bank);
  store<u32>(entry, <u32>chunk, 4);
  store<u32>(entry, samples, 8);
  store<u32>(entry, <u32>record, 12);
  store<u32>(batch, closed + 1, BATCH_CLOSED);
}
