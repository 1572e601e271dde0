import {
  STATUS_CONFLICT,
  STATUS_DUPLICATE,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_STORED,
  STATUS_STORED_OUT_OF_ORDER,
  STATUS_TOO_OLD,
} from '@narthex/kernels/layout/head-batch.ts';
import type {PlainSample} from './reference-head.ts';

const OPEN_MAX = 32;

/** What is known of one series. */
class PlainSeries {
  inOrder: PlainSample[] = [];
  /** Samples out of order that are in chunks, and those that are open. */
  closed: PlainSample[] = [];
  open: PlainSample[] = [];
  deleted: [min: number, max: number][] = [];

  get all(): PlainSample[] {
    return [...this.inOrder, ...this.closed, ...this.open];
  }
}

/** A head that takes samples out of order and deletes, as plainly as it can be said: what tests compare with. */
export class LateReference {
  readonly series = new Map<number, PlainSeries>();
  readonly chunkRangeMs: number;
  windowMs = 0;
  minValidTime = -Infinity;
  maxTime = -Infinity;

  constructor(chunkRangeMs: number) {
    this.chunkRangeMs = chunkRangeMs;
  }

  /** Store the batch and return the statuses. */
  append(batch: readonly PlainSample[]): number[] {
    const newest = this.maxTime === -Infinity && batch.length > 0 ? batch[0]!.time : this.maxTime;
    return batch.map((sample) => this.#appendOne(sample, newest));
  }

  /** Samples in chunks by their times; where several chunks have a time, all their values. */
  read(name: number, startMs: number, endMs: number): Map<number, bigint[]> {
    const found = new Map<number, bigint[]>();
    const series = this.of(name);
    for (const {time, bits} of series.all.sort((a, b) => a.time - b.time)) {
      if (time < startMs || time > endMs || series.deleted.some(([min, max]) => min <= time && time <= max)) continue;
      found.set(time, [...(found.get(time) ?? []), bits]);
    }
    return found;
  }

  delete(name: number, minMs: number, maxMs: number): void {
    const series = this.of(name);
    const times = series.all.map(({time}) => time);
    const interval: [number, number] = [Math.max(minMs, Math.min(...times)), Math.min(maxMs, Math.max(...times))];
    if (interval[0] <= interval[1]) series.deleted.push(interval);
  }

  /** Make chunks of all open samples out of order. */
  close(): void {
    for (const series of this.series.values()) {
      series.closed.push(...series.open);
      series.open = [];
    }
  }

  of(name: number): PlainSeries {
    let series = this.series.get(name);
    if (series === undefined) this.series.set(name, (series = new PlainSeries()));
    return series;
  }

  #appendOne(sample: PlainSample, headNewest: number): number {
    const minValid = Math.max(headNewest - this.chunkRangeMs / 2, this.minValidTime);
    const series = this.of(sample.series);
    const newest = series.inOrder.at(-1);
    if (sample.time >= minValid && (newest === undefined || sample.time > newest.time)) {
      series.inOrder.push(sample);
      this.maxTime = Math.max(this.maxTime, sample.time);
      return STATUS_STORED;
    }
    if (sample.time >= minValid && sample.time === newest?.time) {
      return sample.bits === newest.bits ? STATUS_DUPLICATE : STATUS_CONFLICT;
    }
    if (this.windowMs > 0) {
      return sample.time >= headNewest - this.windowMs ? this.#insert(series, sample) : STATUS_TOO_OLD;
    }
    return sample.time < minValid ? STATUS_OUT_OF_BOUNDS : STATUS_OUT_OF_ORDER;
  }

  #insert(series: PlainSeries, sample: PlainSample): number {
    if (series.open.length === OPEN_MAX) {
      series.closed.push(...series.open);
      series.open = [];
    }
    if (series.open.some(({time}) => time === sample.time)) return STATUS_DUPLICATE;
    series.open.push(sample);
    return STATUS_STORED_OUT_OF_ORDER;
  }
}
