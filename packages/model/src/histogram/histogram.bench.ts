// Costs of the functions that queries call once a sample: `node packages/model/src/histogram/histogram.bench.ts`.
import {addHistogram} from './add.ts';
import {compact} from './compact.ts';
import {FloatHistogram} from './float-histogram.ts';
import {addCompensatedHistogram, startCompensation} from './kahan-add.ts';
import {histogramQuantile} from './quantile.ts';
import {isCounterReset} from './reset.ts';

const BUCKETS = 160;

function sample(firstIndex: number): FloatHistogram {
  const histogram = new FloatHistogram();
  histogram.schema = 3;
  for (let i = 0; i < BUCKETS; i++) histogram.positive.push(firstIndex + i, i + 1);
  histogram.count = (BUCKETS * (BUCKETS + 1)) / 2;
  return histogram;
}

/** Prints nanoseconds a bucket; `scale` 1 takes about a second. */
export function run(scale: number): void {
  const [histogram, shifted, target, missed] = [sample(0), sample(7), sample(0), sample(0)];
  const note = {nans: 0 as const};
  const cases: [name: string, step: () => unknown][] = [
    ['add, same buckets', () => addHistogram(target, histogram)],
    [
      'copy, add other buckets, compact',
      () => [target.copyFrom(histogram), addHistogram(target, shifted), compact(target)],
    ],
    ['add with compensation', () => addCompensatedHistogram(target, missed, histogram)],
    ['reset', () => isCounterReset(histogram, histogram)],
    ['quantile', () => histogramQuantile(0.9, histogram, note)],
  ];
  for (const [name, step] of cases) {
    target.copyFrom(histogram);
    startCompensation(missed, target);
    const rounds = Math.ceil(200_000 * scale);
    const start = performance.now();
    for (let i = 0; i < rounds; i++) step();
    const nanoseconds = ((performance.now() - start) * 1e6) / rounds / BUCKETS;
    console.log(`${name}: ${nanoseconds.toFixed(2)} ns a bucket`);
  }
}

if (import.meta.main) run(1);
