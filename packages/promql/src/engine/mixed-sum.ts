// sum_over_time and avg_over_time of native histograms.
import {ADDED, addHistogram} from '@narthex/model/histogram/add.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {addCompensatedHistogram, startCompensation} from '@narthex/model/histogram/kahan-add.ts';
import {divideHistogram, hasOverflow, multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import {NOTE} from './window-notes.ts';

/** What sums and averages have in common: windows with samples of both kinds have none, those of floats are the kernel's. */
abstract class Aggregate implements MixedFunction {
  readonly usesKernel = true;
  /** The sum (or mean) so far, and what it misses. */
  protected sum = new FloatHistogram();
  protected missed = new FloatHistogram();
  readonly #next = new FloatHistogram();
  #hints = 0;

  compute(window: MixedWindow): void {
    const {histograms} = window;
    if (histograms === 0) return;
    if (histograms < window.samples) {
      window.notes |= NOTE.mixedKinds;
      return window.setAbsent();
    }
    const added = this.#aggregate(window);
    if ((added & ADDED.incompatible) !== 0) {
      window.notes |= NOTE.mixedSchemas;
      return window.setAbsent();
    }
    if ((added & ADDED.boundsReconciled) !== 0) window.notes |= NOTE.boundsOfAggregate;
    if (this.#hints === BOTH_HINTS) window.notes |= NOTE.resetCollision;
    window.setHistogram(this.sum);
  }

  /** Adds the histogram number `count` (from 2 on) of a window; returns bits of ADDED. */
  protected abstract add(next: FloatHistogram, count: number): number;

  /** Makes `sum` the result over `count` histograms; returns bits of ADDED. */
  protected abstract finish(count: number): number;

  #aggregate({series, from, end}: MixedWindow): number {
    series.read(from, this.sum);
    startCompensation(this.missed, this.sum);
    this.#hints = hintBit(this.sum);
    let added = 0;
    for (let i = from + 1; i < end; i++) {
      series.read(i, this.#next);
      this.#hints |= hintBit(this.#next);
      added |= this.add(this.#next, i - from + 1);
      if ((added & ADDED.incompatible) !== 0) return added;
    }
    return added | this.finish(end - from);
  }
}

const BOTH_HINTS = 3;

function hintBit({counterReset}: FloatHistogram): number {
  if (counterReset === COUNTER_RESET.reset) return 1;
  return counterReset === COUNTER_RESET.notReset ? 2 : 0;
}

export class SumHistograms extends Aggregate {
  protected add(next: FloatHistogram): number {
    return addCompensatedHistogram(this.sum, this.missed, next);
  }

  protected finish(count: number): number {
    return count > 1 ? addHistogram(this.sum, this.missed) : 0;
  }
}

/** The mean is the sum divided by the number, as long as the sum stays finite; from there on it is a mean that moves on with each histogram. */
export class AverageHistograms extends Aggregate {
  #isMoving = false;
  #triedSum = new FloatHistogram();
  #triedMissed = new FloatHistogram();

  protected add(next: FloatHistogram, count: number): number {
    if (count === 2) this.#isMoving = false;
    if (this.#isMoving) return this.#move(next, count);
    this.#triedSum.copyFrom(this.sum);
    this.#triedMissed.copyFrom(this.missed);
    const added = addCompensatedHistogram(this.#triedSum, this.#triedMissed, next);
    if ((added & ADDED.incompatible) !== 0) return added;
    if (!hasOverflow(this.#triedSum)) {
      [this.sum, this.#triedSum] = [this.#triedSum, this.sum];
      [this.missed, this.#triedMissed] = [this.#triedMissed, this.missed];
      return added;
    }
    this.#isMoving = true;
    divideHistogram(this.sum, count - 1);
    divideHistogram(this.missed, count - 1);
    return added | this.#move(next, count);
  }

  protected finish(count: number): number {
    if (count === 1) return 0;
    if (!this.#isMoving) {
      divideHistogram(this.sum, count);
      divideHistogram(this.missed, count);
    }
    // Both have the same bounds.
    addHistogram(this.sum, this.missed);
    return 0;
  }

  #move(next: FloatHistogram, count: number): number {
    const q = (count - 1) / count;
    multiplyHistogram(this.missed, q);
    multiplyHistogram(this.sum, q);
    divideHistogram(next, count);
    return addCompensatedHistogram(this.sum, this.missed, next);
  }
}
