import type {Numbered} from './segments.ts';

/** Segments of a log, both included. */
export interface SegmentRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The segments that a checkpoint should take in, as upstream's `truncateWAL` chooses them: the older two thirds of the finished ones, which
 * hold mostly what is in blocks by now; undefined when these are fewer than two. `segments` are all there are, the last one is being written.
 */
export function segmentsToCheckpoint(segments: readonly Numbered[]): SegmentRange | undefined {
  const first = segments[0]?.index ?? 0;
  const finished = (segments.at(-1)?.index ?? 0) - 1;
  const last = first + Math.floor(((finished - first) * 2) / 3);
  return last > first ? {first, last} : undefined;
}

/** Which series a checkpoint keeps: those of the head, and those that went but whose samples, still in the log, may be needed. */
export class KeptSeries {
  readonly #live: Float64Array;
  readonly #gone: Float64Array;
  readonly #neededUntil: Float64Array;

  /**
   * `live` are the references of the head's series, rising, with all that the log has for one series (its label set may have been logged
   * under several). `gone` are other references, rising, `neededUntil` the time (ms) of the newest sample, exemplar or end of a tombstone
   * that the log has for each.
   */
  constructor(live: Float64Array, gone: Float64Array, neededUntil: Float64Array) {
    this.#live = live;
    this.#gone = gone;
    this.#neededUntil = neededUntil;
  }

  /** Whether a checkpoint of what is not older than `minTime` needs this series. */
  has(ref: number, minTime: number): boolean {
    if (find(this.#live, ref) >= 0) return true;
    const i = find(this.#gone, ref);
    return i >= 0 && this.#neededUntil[i]! >= minTime;
  }
}

/** Where `value` is in a rising list, -1 when it isn't. */
function find(list: Float64Array, value: number): number {
  let lo = 0;
  let hi = list.length;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (list[middle]! < value) lo = middle + 1;
    else hi = middle;
  }
  return list[lo] === value ? lo : -1;
}
