import {isSameHistogram} from '@narthex/model/histogram/equals.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import type {RangeInput} from './range-input.ts';
import {isStartReset} from './start-times.ts';
import {isFloat, isHistogram, type TimedValue} from './values.ts';

export const countChanges = (input: RangeInput): number | undefined => countPairs(input, isChange);

export const countResets = (input: RangeInput): number | undefined => countPairs(input, isReset);

/** How many neighbours among the samples fit. Anchored ranges also see the newest sample before their start, if there is one behind it. */
function countPairs(
  {samples, isAnchored, startMs}: RangeInput,
  fits: (before: TimedValue, after: TimedValue) => boolean,
): number | undefined {
  const firstInside = samples.findIndex(({timeMs}) => timeMs > startMs);
  if (isAnchored && firstInside < 0) return undefined;
  const seen = isAnchored ? samples.slice(Math.max(0, firstInside - 1)) : samples;
  return seen.slice(1).filter((after, i) => fits(seen[i], after)).length;
}

function isChange({value: before}: TimedValue, {value: after}: TimedValue): boolean {
  if (isFloat(before) && isFloat(after)) return before !== after && !(Number.isNaN(before) && Number.isNaN(after));
  if (isHistogram(before) && isHistogram(after)) return !isSameHistogram(before, after);
  return true;
}

function isReset(before: TimedValue, after: TimedValue): boolean {
  if (isFloat(before.value) && isFloat(after.value)) return after.value < before.value || isStartReset(before, after);
  if (isHistogram(before.value) && isHistogram(after.value))
    return isStartReset(before, after) || isCounterReset(after.value, before.value);
  return true;
}
