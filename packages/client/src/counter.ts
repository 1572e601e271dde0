import type {Exemplar, Point} from '@narthex/exposition/family.ts';
import type {Cells} from './cells.ts';
import {MetricError} from './errors.ts';
import {exemplarOf, type ExemplarLabels} from './exemplar.ts';
import {Instrument} from './instrument.ts';

/** A number that only grows: requests, errors, bytes. Starts at 0. */
export class Counter extends Instrument {
  private exemplar: Exemplar | undefined;

  constructor(cells: Cells) {
    super(cells, 1);
  }

  /** Adds `by`, which is not negative; throws `MetricError` otherwise. An exemplar goes out with OpenMetrics. */
  inc(by = 1, exemplar?: ExemplarLabels): void {
    if (!(by >= 0)) throw new MetricError('invalid_value', `a counter cannot grow by ${by}`);
    this.cells.values[this.at] += by;
    if (exemplar !== undefined) this.exemplar = exemplarOf(exemplar, by);
  }

  /** Counts the errors that `work` throws (or rejects with) and lets them pass. */
  countErrors<T>(work: () => T): T {
    try {
      const result = work();
      if (result instanceof Promise) result.catch(() => this.inc());
      return result;
    } catch (error) {
      this.inc();
      throw error;
    }
  }

  get value(): number {
    return this.cells.values[this.at];
  }

  override reset(): void {
    super.reset();
    this.exemplar = undefined;
  }

  point(): Point {
    return {kind: 'number', value: this.value, exemplar: this.exemplar};
  }
}
