import {type Buckets, COUNTER_RESET, type FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';

/** No chunk reaches over a multiple of this, as in the storage that upstream runs its scripts on. */
const RANGE_MS = 86_400_000;

/**
 * The newest run of histograms of a series that upstream's storage would keep in one chunk. It decides what reading gives back (upstream:
 * tsdb/chunkenc/float_histogram.go, tsdb/head_append.go):
 *
 * - A chunk is either of counters or of gauges, by the hint of its first histogram. Schema, zero threshold and custom bounds are the same in all of it.
 * - A counter goes on only if nothing was reset: its hint is not `reset`, and count, zero count and no bucket fell; buckets of the last histogram that are
 *   missing must have been empty. Otherwise it begins a new chunk.
 * - A float or a stale marker ends the chunk. (A stale histogram stays in it, but nothing that is not stale may follow.)
 * - Read back, histograms of gauges have the hint `gauge`; of counters the first of a chunk has `unknown`, whatever was given or detected, since the chunk before
 *   it may be gone, and the others have `notReset`.
 * - All histograms of a chunk list the same buckets: those that any of them listed; what was not there counts 0.
 *
 * Upstream also begins chunks when they get large (about 1 KiB, at least 10 samples); this has no such limit.
 */
export class HistogramChunk {
  #histograms: FloatHistogram[] = [];
  #endMs = 0;

  /** Ends the chunk: the next histogram begins a new one. */
  end(): void {
    this.#histograms = [];
  }

  /** Adds a histogram that is newer than all before it. Its hint and its buckets, and the buckets of those before it, become what reading gives. */
  append(timeMs: number, histogram: FloatHistogram): void {
    const isGauge = histogram.counterReset === COUNTER_RESET.gauge;
    const last = this.#histograms.at(-1);
    if (last === undefined || timeMs >= this.#endMs || !goesOn(last, histogram)) {
      this.#histograms = [histogram];
      this.#endMs = (Math.floor(timeMs / RANGE_MS) + 1) * RANGE_MS;
      if (!isGauge) histogram.counterReset = COUNTER_RESET.unknown;
      return;
    }
    if (!isGauge) histogram.counterReset = COUNTER_RESET.notReset;
    this.#histograms.push(histogram);
    this.#align(last, 'positive');
    this.#align(last, 'negative');
  }

  /** Gives the newest histogram the buckets of the others, of which `last` is one, and the others the new ones. */
  #align(last: FloatHistogram, side: 'positive' | 'negative'): void {
    const newest = this.#histograms.at(-1)!;
    const all = unionOf(last[side], newest[side]);
    spread(newest[side], all);
    if (all.length > last[side].length) for (const histogram of this.#histograms) spread(histogram[side], all);
  }
}

/** Whether `next` may follow `last`, whose hint is one of those that reading gives, in a chunk. */
function goesOn(last: FloatHistogram, next: FloatHistogram): boolean {
  if (last.schema !== next.schema || last.zeroThreshold !== next.zeroThreshold) return false;
  if (!hasSameBounds(last, next)) return false;
  const wasGauge = last.counterReset === COUNTER_RESET.gauge;
  if (next.counterReset === COUNTER_RESET.gauge) return wasGauge;
  if (wasGauge || next.counterReset === COUNTER_RESET.reset) return false;
  if (next.count < last.count || next.zeroCount < last.zeroCount) return false;
  return !hasFallen(last.positive, next.positive) && !hasFallen(last.negative, next.negative);
}

function hasSameBounds({customBounds: a}: FloatHistogram, {customBounds: b}: FloatHistogram): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function hasFallen(last: Buckets, next: Buckets): boolean {
  for (let i = 0; i < last.length; i++) {
    const at = next.find(last.indexes[i]);
    if (at < 0 ? last.counts[i] !== 0 : last.counts[i] > next.counts[at]) return true;
  }
  return false;
}

/** The indexes that either of two lists has, ascending. */
function unionOf(a: Buckets, b: Buckets): Int32Array {
  const indexes = new Set([...a.indexes.subarray(0, a.length), ...b.indexes.subarray(0, b.length)]);
  return Int32Array.from(indexes).sort();
}

/** Makes a list have the buckets `indexes`, which are its own and others, which count 0. */
function spread(buckets: Buckets, indexes: Int32Array): void {
  if (buckets.length === indexes.length) return;
  const counts = Float64Array.from(indexes, (index) => {
    const at = buckets.find(index);
    return at < 0 ? 0 : buckets.counts[at];
  });
  buckets.clear();
  for (const [i, index] of indexes.entries()) buckets.push(index, counts[i]);
}
