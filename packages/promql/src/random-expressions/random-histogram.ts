import type {Random} from './random.ts';

/** How the histograms of a series look; their counts grow from sample to sample, with resets. */
export interface HistogramShape {
  schema: number;
  readonly bounds: readonly number[];
  readonly hint: string;
  offset: number;
  zeroThreshold: number;
  zeroCount: number;
  positive: number[];
  negative: number[];
  sum: number;
}

const BOUNDS: readonly (readonly number[])[] = [[1, 2, 5], [1, 5, 10], [0.5, 1, 2, 5], [-1, 0, 1], [2]];

export function randomShape(random: Random, kind: 'exponential' | 'custom' | 'gauge'): HistogramShape {
  const isCustom = kind === 'custom' || (kind === 'gauge' && random.chance(0.3));
  const bounds = isCustom ? random.pick(BOUNDS) : [];
  const size = isCustom ? bounds.length + 1 : random.between(0, 5);
  return {
    schema: isCustom ? -53 : random.pick([0, 0, 0, 1, 2, -1]),
    bounds,
    hint: kind === 'gauge' ? 'gauge' : '',
    offset: isCustom ? 0 : random.between(-3, 3),
    zeroThreshold: isCustom ? 0 : random.pick([0, 0.001, 0.001, 0.5]),
    zeroCount: 0,
    positive: Array.from({length: size}, () => random.between(0, 3)),
    negative: Array.from({length: isCustom || random.chance(0.6) ? 0 : random.between(1, 3)}, () =>
      random.between(0, 3),
    ),
    sum: random.between(0, 10),
  };
}

/** Goes on to the next sample: mostly more is counted, now and then the counter or even its layout begins anew. */
export function advance(random: Random, shape: HistogramShape): void {
  const isCustom = shape.schema === -53;
  if (random.chance(0.08)) {
    shape.positive = shape.positive.map(() => random.between(0, 2));
    shape.zeroCount = 0;
  }
  if (!isCustom && random.chance(0.05)) shape.schema = random.pick([0, 1, 2, -1]);
  if (!isCustom && random.chance(0.03)) shape.zeroThreshold = random.pick([0, 0.001, 0.5, 2]);
  if (!isCustom && random.chance(0.05)) shape.positive.push(random.between(0, 3));
  const grow = (count: number) => count + (random.chance(0.5) ? random.between(0, 4) : 0);
  shape.positive = shape.positive.map(grow);
  shape.negative = shape.negative.map(grow);
  if (!isCustom) shape.zeroCount = grow(shape.zeroCount);
  shape.sum += random.pick([0, 1, 2.5, 7, -1, 0.1]);
}

/** The histogram as a literal of test scripts. */
export function literalOf(random: Random, shape: HistogramShape): string {
  const {schema, bounds, hint, offset, zeroThreshold, zeroCount, positive, negative, sum} = shape;
  const inBuckets = [...positive, ...negative].reduce((a, b) => a + b, zeroCount);
  const count = random.chance(0.03) ? inBuckets + 2 : inBuckets;
  const sumText = random.chance(0.03) ? 'NaN' : random.chance(0.01) ? '1e308' : String(sum);
  const parts = [`schema:${schema}`, `sum:${sumText}`, `count:${count}`];
  if (zeroThreshold !== 0) parts.push(`z_bucket:${zeroCount}`, `z_bucket_w:${zeroThreshold}`);
  if (bounds.length > 0) parts.push(`custom_values:[${bounds.join(' ')}]`);
  if (offset !== 0 && positive.length > 0) parts.push(`offset:${offset}`);
  if (positive.length > 0) parts.push(`buckets:[${positive.join(' ')}]`);
  if (negative.length > 0) parts.push(`n_buckets:[${negative.join(' ')}]`);
  if (hint !== '') parts.push(`counter_reset_hint:${hint}`);
  else if (random.chance(0.03)) parts.push('counter_reset_hint:reset');
  return `{{${parts.join(' ')}}}`;
}
