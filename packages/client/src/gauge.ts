import type {Point} from '@narthex/exposition/family.ts';
import type {Cells} from './cells.ts';
import {Instrument} from './instrument.ts';
import {timed} from './stopwatch.ts';

/** A number that goes up and down: requests in flight, bytes in use. Starts at 0. */
export class Gauge extends Instrument {
  constructor(cells: Cells) {
    super(cells, 1);
  }

  set(value: number): void {
    this.cells.values[this.at] = value;
  }

  inc(by = 1): void {
    this.cells.values[this.at] += by;
  }

  /** The same as `inc`: adds `by`, of either sign. */
  add(by: number): void {
    this.cells.values[this.at] += by;
  }

  dec(by = 1): void {
    this.cells.values[this.at] -= by;
  }

  /** Sets the seconds since the epoch. */
  setToCurrentTime(): void {
    this.set(Date.now() / 1000);
  }

  /** Sets the seconds that `work` takes. */
  time<T>(work: () => T): T {
    return timed(work, (seconds) => this.set(seconds));
  }

  /** Counts `work` as in progress until it ends, well or badly. */
  track<T>(work: () => T): T {
    this.inc();
    return timed(work, () => this.dec());
  }

  get value(): number {
    return this.cells.values[this.at];
  }

  point(): Point {
    return {kind: 'number', value: this.value};
  }
}
