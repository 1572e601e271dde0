import {
  STATUS_CONFLICT,
  STATUS_DUPLICATE,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_STORED,
} from '@narthex/kernels/layout/head-batch.ts';

/** A sample; the value as bits, since stale markers do not survive as numbers. */
export interface PlainSample {
  readonly series: number;
  readonly time: number;
  readonly bits: bigint;
}

/** The head, as plainly as it can be said: what tests compare with. */
export class ReferenceHead {
  readonly samples: PlainSample[][] = [];
  readonly chunkRangeMs: number;
  maxTime = -Infinity;
  minValidTime = -Infinity;

  constructor(chunkRangeMs: number) {
    this.chunkRangeMs = chunkRangeMs;
  }

  /** Store the batch and return the statuses. */
  append(batch: readonly PlainSample[]): number[] {
    const now = this.maxTime === -Infinity && batch.length > 0 ? batch[0]!.time : this.maxTime;
    const minValid = Math.max(now - this.chunkRangeMs / 2, this.minValidTime);
    return batch.map((sample) => this.#appendOne(sample, minValid));
  }

  /** Samples of `series` in [startMs, endMs]. */
  read(series: number, startMs: number, endMs: number): PlainSample[] {
    return (this.samples[series] ?? []).filter(({time}) => time >= startMs && time <= endMs);
  }

  #appendOne(sample: PlainSample, minValid: number): number {
    const list = (this.samples[sample.series] ??= []);
    const newest = list.at(-1);
    if (sample.time < minValid) return STATUS_OUT_OF_BOUNDS;
    if (newest !== undefined && sample.time === newest.time) {
      return sample.bits === newest.bits ? STATUS_DUPLICATE : STATUS_CONFLICT;
    }
    if (newest !== undefined && sample.time < newest.time) return STATUS_OUT_OF_ORDER;
    list.push(sample);
    this.maxTime = Math.max(this.maxTime, sample.time);
    return STATUS_STORED;
  }
}

/** Where chunks of a series with samples at `times` begin, if none reaches its limit of bytes (upstream: tsdb/head_append.go). */
export function chunkStarts(times: readonly number[], chunkRangeMs: number): number[] {
  const starts: number[] = [];
  let samples = 0;
  let end = 0;
  for (const [i, time] of times.entries()) {
    if (samples === 30) {
      const start = starts.at(-1)!;
      const chunks = (end - start) / ((times[i - 1]! - start + 1) * 4);
      if (chunks > 1) end = Math.trunc(start + (end - start) / Math.floor(chunks));
    }
    if (samples === 0 || time >= end || samples >= 240) {
      starts.push(time);
      end = Math.trunc(time / chunkRangeMs) * chunkRangeMs + chunkRangeMs;
      samples = 0;
    }
    samples++;
  }
  return starts;
}
