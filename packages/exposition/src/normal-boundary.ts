import {BoundedCache} from '@narthex/model/bounded-cache.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {formatOpenMetricsFloat} from './format-float.ts';

/** Longer texts are kept as they are: no histogram needs them and reading them must not cost a hostile body's price. */
const LENGTH_MAX = 400;

const known = new BoundedCache<string, string>(4096);

/**
 * The value of an `le` or `quantile` label as OpenMetrics writes floats ("1" → "1.0", "1e3" → "1000.0"), so that one
 * bucket has one name whatever format it came by. What is no float stays as it is.
 */
export function normalBoundary(text: string): string {
  const cached = known.get(text);
  if (cached !== undefined) return cached;
  if (text.length > LENGTH_MAX) return text;
  const value = parseGoFloat(text, {underscores: true});
  const normal = value === undefined ? text : formatOpenMetricsFloat(value);
  known.set(text, normal);
  return normal;
}
