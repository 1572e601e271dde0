import {isLegacyMetricName} from '@narthex/model/labels.ts';
import {type EscapingScheme, escapeName} from './escaping.ts';
import type {LabelPair, Metric, MetricFamily} from './family.ts';
import type {PageFormat} from './negotiation.ts';
import {OPENMETRICS_END, openMetricsOfFamily, type OpenMetricsOptions} from './openmetrics-writer.ts';
import {textOfFamily} from './text-writer.ts';

/** Characters collected before they become bytes. */
const CHUNK_LENGTH = 128 * 1024;

/** A whole page in bytes, as `negotiate` chose. */
export function encodeFamilies(
  families: Iterable<MetricFamily>,
  page: Pick<PageFormat, 'format' | 'escaping'>,
  options: OpenMetricsOptions = {},
): Uint8Array {
  return Buffer.concat([...encodeFamilyChunks(families, page, options)]);
}

/** The same in pieces of some 128 KiB, so that a big page can be sent while it is written. A family is never split. */
export function* encodeFamilyChunks(
  families: Iterable<MetricFamily>,
  page: Pick<PageFormat, 'format' | 'escaping'>,
  options: OpenMetricsOptions = {},
): Generator<Uint8Array> {
  const openMetrics = page.format === 'openmetrics';
  let text = '';
  for (const family of families) {
    const escaped = escapeFamily(family, page.escaping);
    text += openMetrics ? openMetricsOfFamily(escaped, options) : textOfFamily(escaped);
    if (text.length < CHUNK_LENGTH) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (openMetrics) text += OPENMETRICS_END;
  if (text !== '') yield Buffer.from(text);
}

/** The family with its names escaped; the same object where nothing changes. */
export function escapeFamily(family: MetricFamily, scheme: EscapingScheme): MetricFamily {
  if (scheme === 'allow-utf-8') return family;
  const legacyLabels = family.metrics.every((metric) => hasLegacyLabels(metric.labels));
  if (legacyLabels && isLegacyMetricName(family.name)) return family;
  const name = isLegacyMetricName(family.name) ? family.name : escapeName(family.name, scheme);
  return {...family, name, metrics: family.metrics.map((metric) => escapeLabels(metric, scheme))};
}

function hasLegacyLabels(labels: readonly LabelPair[]): boolean {
  return labels.every(([name]) => isLegacyMetricName(name));
}

function escapeLabels(metric: Metric, scheme: EscapingScheme): Metric {
  if (hasLegacyLabels(metric.labels)) return metric;
  const labels = metric.labels.map(([name, value]): LabelPair => [
    isLegacyMetricName(name) ? name : escapeName(name, scheme),
    value,
  ]);
  return {...metric, labels};
}
