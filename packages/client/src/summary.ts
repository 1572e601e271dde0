import type {Point} from '@narthex/exposition/family.ts';
import type {Cells} from './cells.ts';
import {MetricError} from './errors.ts';
import {Instrument} from './instrument.ts';
import type {QuantileTarget} from './quantile-stream.ts';
import {SlidingQuantiles} from './sliding-quantiles.ts';
import {stopwatch, timed} from './stopwatch.ts';

/** Cells of a summary: count and sum. */
export const SUMMARY_STRIDE = 2;

export interface SummaryWindow {
  /** Quantiles to compute, none by default: a number between 0 and 1, or one with its allowed error of rank. */
  readonly quantiles?: readonly (number | QuantileTarget)[];
  /** How far back quantiles look; default 600. */
  readonly maxAgeSeconds?: number;
  /** In how many steps old observations leave; default 5. */
  readonly ageBuckets?: number;
}

/** Quantiles with their errors: a tenth of the way to the nearer end, so 0.5 ± 0.05, 0.9 ± 0.01, 0.99 ± 0.001. */
export function targetsOf(quantiles: readonly (number | QuantileTarget)[]): QuantileTarget[] {
  return quantiles.map((target) => {
    if (typeof target !== 'number') return checkTarget(target);
    return checkTarget({quantile: target, error: Math.min(target, 1 - target) / 10});
  });
}

function checkTarget(target: QuantileTarget): QuantileTarget {
  const {quantile, error} = target;
  if (!(quantile > 0 && quantile < 1)) throw new MetricError('invalid_option', `quantile ${quantile}`);
  if (!(error >= 0 && error < 1)) throw new MetricError('invalid_option', `error ${error} of quantile ${quantile}`);
  return target;
}

/** Counts and sums observations, and keeps quantiles of the last minutes when asked to. */
export class Summary extends Instrument {
  private readonly targets: readonly QuantileTarget[];
  private readonly window: SlidingQuantiles | undefined;

  constructor(cells: Cells, options: SummaryWindow, now: () => number = () => performance.now()) {
    super(cells, SUMMARY_STRIDE);
    const {quantiles = [], maxAgeSeconds = 600, ageBuckets = 5} = options;
    this.targets = targetsOf(quantiles);
    if (!(maxAgeSeconds > 0) || !Number.isInteger(ageBuckets) || ageBuckets < 1) {
      throw new MetricError('invalid_option', `summary over ${maxAgeSeconds} s in ${ageBuckets} steps`);
    }
    if (this.targets.length > 0) {
      this.window = new SlidingQuantiles(this.targets, maxAgeSeconds * 1000, ageBuckets, now);
    }
  }

  observe(value: number): void {
    const {values} = this.cells;
    values[this.at]++;
    values[this.at + 1] += value;
    this.window?.observe(value);
  }

  /** Starts a watch; calling the result observes the seconds since and returns them. */
  startTimer(): () => number {
    const seconds = stopwatch();
    return () => {
      const elapsed = seconds();
      this.observe(elapsed);
      return elapsed;
    };
  }

  /** Observes the seconds that `work` takes, whether it returns, throws or is a promise. */
  time<T>(work: () => T): T {
    return timed(work, (seconds) => this.observe(seconds));
  }

  get count(): number {
    return this.cells.values[this.at];
  }

  get sum(): number {
    return this.cells.values[this.at + 1];
  }

  override reset(): void {
    super.reset();
    this.window?.clear();
  }

  point(): Point {
    const quantiles = this.targets.map(({quantile}) => ({quantile, value: this.window!.quantile(quantile)}));
    return {kind: 'summary', count: this.count, sum: this.sum, quantiles};
  }
}
