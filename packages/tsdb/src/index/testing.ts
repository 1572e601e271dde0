import {Arena} from '../arena/arena.ts';
import {SeriesIndex} from './series-index.ts';
import {RawLabelsBuilder} from './synthetic-series.ts';

/** An index for tests that takes labels as text. */
export class TestIndex {
  readonly arena: Arena;
  readonly writer: SeriesIndex;
  readonly #raw = new RawLabelsBuilder();

  constructor(megabytes = 32) {
    this.arena = Arena.create({bytes: megabytes << 20, readersMax: 4});
    this.writer = new SeriesIndex(this.arena);
  }

  /** The slot of the series with `labels` (name, value, ... names in byte order), or -1. */
  find(labels: readonly string[]): number {
    const raw = this.#raw.set(labels);
    return this.writer.find(raw.bytes, raw.ranges, raw.labelCount);
  }

  /** The slot of the series with `labels`, added if need be. */
  add(labels: readonly string[]): number {
    const found = this.find(labels);
    if (found >= 0) return found;
    const slot = this.writer.slots;
    this.writer.add(slot);
    return slot;
  }
}
