import {escapeQuoted, nameText, seriesText} from './family-lines.ts';
import type {Exemplar, HistogramPoint, LabelPair, Metric, MetricFamily, SummaryPoint} from './family.ts';
import {formatOpenMetricsFloat} from './format-float.ts';

/** The line that ends every page of OpenMetrics. */
export const OPENMETRICS_END = '# EOF\n';

export interface OpenMetricsOptions {
  /** Writes `_created` lines of metrics that know their start. Default false, as upstream. */
  readonly created?: boolean;
}

/**
 * A family in OpenMetrics 1.0, without the `# EOF` that ends a page. As upstream's writer: a counter whose name lacks
 * `_total` becomes unknown, and a histogram with fractional counts is an `Error`.
 */
export function openMetricsOfFamily(family: MetricFamily, options: OpenMetricsOptions = {}): string {
  const counter = family.type === 'counter';
  const total = counter && family.name.endsWith('_total');
  const name = total ? family.name.slice(0, -'_total'.length) : family.name;
  const shown = nameText(name);
  let text = family.help === undefined ? '' : `# HELP ${shown} ${escapeQuoted(family.help)}\n`;
  text += `# TYPE ${shown} ${counter && !total ? 'unknown' : family.type}\n`;
  if (family.unit !== undefined) text += `# UNIT ${shown} ${escapeQuoted(family.unit)}\n`;
  const suffix = total ? '_total' : family.type === 'info' ? '_info' : '';
  for (const metric of family.metrics) {
    text += linesOfMetric(name, suffix, family, metric);
    if (options.created === true) text += createdLine(name, metric);
  }
  return text;
}

function linesOfMetric(name: string, suffix: string, family: MetricFamily, metric: Metric): string {
  const {point, labels} = metric;
  const time = metric.timestampMs === undefined ? '' : ` ${formatSeconds(metric.timestampMs)}`;
  switch (point.kind) {
    case 'number': {
      // Only counters may have exemplars.
      const exemplar = family.type === 'counter' ? exemplarText(point.exemplar) : '';
      return `${seriesText(name + suffix, labels, '')} ${formatOpenMetricsFloat(point.value)}${time}${exemplar}\n`;
    }
    case 'histogram':
      return linesOfHistogram(name, labels, point, time);
    case 'summary':
      return linesOfSummary(name, labels, point, time);
    default:
      return point satisfies never;
  }
}

function linesOfHistogram(name: string, labels: readonly LabelPair[], point: HistogramPoint, time: string): string {
  let text = '';
  for (const {upperBound, count, exemplar} of point.buckets) {
    const series = seriesText(`${name}_bucket`, labels, `le="${formatOpenMetricsFloat(upperBound)}"`);
    text += `${series} ${formatCount(count, name)}${time}${exemplarText(exemplar)}\n`;
  }
  const count = formatCount(point.count, name);
  if (point.buckets.at(-1)?.upperBound !== Infinity) {
    text += `${seriesText(`${name}_bucket`, labels, 'le="+Inf"')} ${count}${time}\n`;
  }
  text += `${seriesText(`${name}_sum`, labels, '')} ${formatOpenMetricsFloat(point.sum)}${time}\n`;
  return `${text}${seriesText(`${name}_count`, labels, '')} ${count}${time}\n`;
}

function linesOfSummary(name: string, labels: readonly LabelPair[], point: SummaryPoint, time: string): string {
  let text = '';
  for (const {quantile, value} of point.quantiles) {
    const series = seriesText(name, labels, `quantile="${formatOpenMetricsFloat(quantile)}"`);
    text += `${series} ${formatOpenMetricsFloat(value)}${time}\n`;
  }
  text += `${seriesText(`${name}_sum`, labels, '')} ${formatOpenMetricsFloat(point.sum)}${time}\n`;
  return `${text}${seriesText(`${name}_count`, labels, '')} ${formatCount(point.count, name)}${time}\n`;
}

function createdLine(name: string, {createdMs, labels}: Metric): string {
  if (createdMs === undefined) return '';
  return `${seriesText(`${name}_created`, labels, '')} ${formatSeconds(createdMs)}\n`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined || exemplar.labels.length === 0) return '';
  const pairs = exemplar.labels.map(([name, value]) => `${nameText(name)}="${escapeQuoted(value)}"`);
  const time = exemplar.timestampMs === undefined ? '' : ` ${formatSeconds(exemplar.timestampMs)}`;
  return ` # {${pairs.join(',')}} ${formatOpenMetricsFloat(exemplar.value)}${time}`;
}

function formatSeconds(milliseconds: number): string {
  return formatOpenMetricsFloat(milliseconds / 1000);
}

function formatCount(count: number, name: string): string {
  if (!Number.isInteger(count)) throw new Error(`OpenMetrics v1.0 does not support float histogram ${name}`);
  return count <= Number.MAX_SAFE_INTEGER ? String(count) : BigInt(count).toString();
}
