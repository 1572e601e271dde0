// Arithmetic of native histograms that leaves its operands alone, and says what is worth an annotation.
import {ADDED, addHistogram, subtractHistogram} from '@narthex/model/histogram/add.ts';
import {compact} from '@narthex/model/histogram/compact.ts';
import {COUNTER_RESET, type FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {addCompensatedHistogram, startCompensation} from '@narthex/model/histogram/kahan-add.ts';
import {divideHistogram, hasOverflow, multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {trimHistogram, type TrimSide} from '@narthex/model/histogram/trim.ts';

/** A sum or difference; undefined when exponential and custom buckets would have to be mixed. */
export interface Combined {
  readonly histogram: FloatHistogram;
  /** One operand said that its counter was reset, the other that it was not. */
  readonly hasCollision: boolean;
  /** Custom bounds differed. */
  readonly isReconciled: boolean;
}

export const sum = (a: FloatHistogram, b: FloatHistogram): Combined | undefined => combined(a, b, addHistogram);

export const difference = (a: FloatHistogram, b: FloatHistogram): Combined | undefined =>
  combined(a, b, subtractHistogram);

function combined(a: FloatHistogram, b: FloatHistogram, operation: typeof addHistogram): Combined | undefined {
  const histogram = a.clone();
  const bits = operation(histogram, b === a ? b.clone() : b);
  if ((bits & ADDED.incompatible) !== 0) return undefined;
  return {
    histogram,
    hasCollision: (bits & ADDED.resetCollision) !== 0,
    isReconciled: (bits & ADDED.boundsReconciled) !== 0,
  };
}

export function product(histogram: FloatHistogram, factor: number): FloatHistogram {
  const result = histogram.clone();
  multiplyHistogram(result, factor);
  return result;
}

export const negated = (histogram: FloatHistogram): FloatHistogram => product(histogram, -1);

export function quotient(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const result = histogram.clone();
  divideHistogram(result, divisor);
  return result;
}

export function trimmed(histogram: FloatHistogram, limit: number, side: TrimSide): FloatHistogram {
  const result = histogram.clone();
  trimHistogram(result, limit, side);
  return result;
}

/** Without empty buckets. */
export function compacted(histogram: FloatHistogram): FloatHistogram {
  const result = histogram.clone();
  compact(result);
  return result;
}

export function asGauge(histogram: FloatHistogram): FloatHistogram {
  const result = histogram.clone();
  result.counterReset = COUNTER_RESET.gauge;
  return result;
}

/** A sum of histograms with Kahan's compensation. */
class CompensatedSum {
  readonly value: FloatHistogram;
  readonly missed: FloatHistogram | undefined;

  constructor(value: FloatHistogram, missed: FloatHistogram | undefined) {
    this.value = value;
    this.missed = missed;
  }

  /** The sum with one more; undefined when it does not go with the others. */
  plus(histogram: FloatHistogram): {total: CompensatedSum; isReconciled: boolean} | undefined {
    const value = this.value.clone();
    const missed = this.missed?.clone() ?? value.clone();
    if (this.missed === undefined) startCompensation(missed, value);
    const bits = addCompensatedHistogram(value, missed, histogram);
    if ((bits & ADDED.incompatible) !== 0) return undefined;
    return {total: new CompensatedSum(value, missed), isReconciled: (bits & ADDED.boundsReconciled) !== 0};
  }

  times(factor: number): CompensatedSum {
    return new CompensatedSum(product(this.value, factor), this.missed && product(this.missed, factor));
  }

  dividedBy(divisor: number): CompensatedSum {
    return new CompensatedSum(quotient(this.value, divisor), this.missed && quotient(this.missed, divisor));
  }

  result(): FloatHistogram {
    return this.missed === undefined ? this.value : sum(this.value, this.missed)!.histogram;
  }
}

/** What came out of a sum or average of histograms. */
export interface Total {
  /** Undefined when exponential and custom buckets were mixed. */
  readonly histogram: FloatHistogram | undefined;
  /** Custom bounds differed. */
  readonly reconciled: boolean;
}

/** Sum of at least one histogram, in order. */
export function total(histograms: readonly FloatHistogram[]): Total {
  let soFar = new CompensatedSum(histograms[0].clone(), undefined);
  let reconciled = false;
  for (const histogram of histograms.slice(1)) {
    const next = soFar.plus(histogram);
    if (next === undefined) return {histogram: undefined, reconciled};
    soFar = next.total;
    reconciled ||= next.isReconciled;
  }
  return {histogram: soFar.result(), reconciled};
}

/** Mean of at least one histogram: sum over number, or the mean so far step by step once the sum would overflow. */
export function mean(histograms: readonly FloatHistogram[]): Total {
  let soFar = new CompensatedSum(histograms[0].clone(), undefined);
  let isIncremental = false;
  let reconciled = false;
  for (let count = 2; count <= histograms.length; count++) {
    const histogram = histograms[count - 1];
    if (!isIncremental) {
      const next = soFar.plus(histogram);
      if (next === undefined) return {histogram: undefined, reconciled};
      reconciled ||= next.isReconciled;
      if (!hasOverflow(next.total.value)) {
        soFar = next.total;
        continue;
      }
      isIncremental = true;
      soFar = soFar.dividedBy(count - 1);
    }
    const next = soFar.times((count - 1) / count).plus(quotient(histogram, count));
    if (next === undefined) return {histogram: undefined, reconciled};
    reconciled ||= next.isReconciled;
    soFar = next.total;
  }
  return {histogram: isIncremental ? soFar.result() : soFar.dividedBy(histograms.length).result(), reconciled};
}

/** Whether some of the histograms say that their counter was reset and others that it was not. */
export function haveResetCollision(histograms: readonly FloatHistogram[]): boolean {
  const hints = new Set(histograms.map(({counterReset}) => counterReset));
  return hints.has(COUNTER_RESET.reset) && hints.has(COUNTER_RESET.notReset);
}

export const isGauge = ({counterReset}: FloatHistogram): boolean => counterReset === COUNTER_RESET.gauge;
