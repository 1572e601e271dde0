import {formatFloatG} from '@narthex/model/value.ts';

/** A float of the text format: Go's shortest `%g`. Zero has no sign there, as upstream writes it. */
export function formatTextFloat(x: number): string {
  return x === 0 ? '0' : formatFloatG(x);
}

/** A float of OpenMetrics: as in the text format, with ".0" where there is neither a point nor an exponent. */
export function formatOpenMetricsFloat(x: number): string {
  const text = formatTextFloat(x);
  return Number.isFinite(x) && !text.includes('.') && !text.includes('e') ? `${text}.0` : text;
}
