import type {MetricType} from './entry.ts';
import {escapeHelp, nameText, seriesText} from './family-lines.ts';
import type {HistogramPoint, Metric, MetricFamily, SummaryPoint} from './family.ts';
import {formatTextFloat} from './format-float.ts';

/** How the text format calls types it doesn't have. */
const TYPE_NAMES: Readonly<Record<MetricType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  stateset: 'gauge',
  unknown: 'untyped',
};

/** A family in the text format 0.0.4; a family without metrics is nothing. Exemplars, units and created times are left out. */
export function textOfFamily(family: MetricFamily): string {
  if (family.metrics.length === 0) return '';
  const name = family.type === 'info' && !family.name.endsWith('_info') ? `${family.name}_info` : family.name;
  const shown = nameText(name);
  let text = family.help === undefined ? '' : `# HELP ${shown} ${escapeHelp(family.help)}\n`;
  text += `# TYPE ${shown} ${TYPE_NAMES[family.type]}\n`;
  for (const metric of family.metrics) text += textOfMetric(name, metric);
  return text;
}

function textOfMetric(name: string, metric: Metric): string {
  const {point, labels} = metric;
  const end = metric.timestampMs === undefined ? '\n' : ` ${metric.timestampMs}\n`;
  switch (point.kind) {
    case 'number':
      return `${seriesText(name, labels, '')} ${formatTextFloat(point.value)}${end}`;
    case 'histogram':
      return textOfHistogram(name, metric, point, end);
    case 'summary':
      return textOfSummary(name, metric, point, end);
    default:
      return point satisfies never;
  }
}

function textOfHistogram(name: string, {labels}: Metric, point: HistogramPoint, end: string): string {
  let text = '';
  for (const {upperBound, count} of point.buckets) {
    const series = seriesText(`${name}_bucket`, labels, `le="${formatTextFloat(upperBound)}"`);
    text += `${series} ${formatTextFloat(count)}${end}`;
  }
  const count = formatTextFloat(point.count);
  if (point.buckets.at(-1)?.upperBound !== Infinity) {
    text += `${seriesText(`${name}_bucket`, labels, 'le="+Inf"')} ${count}${end}`;
  }
  text += `${seriesText(`${name}_sum`, labels, '')} ${formatTextFloat(point.sum)}${end}`;
  return `${text}${seriesText(`${name}_count`, labels, '')} ${count}${end}`;
}

function textOfSummary(name: string, {labels}: Metric, point: SummaryPoint, end: string): string {
  let text = '';
  for (const {quantile, value} of point.quantiles) {
    text += `${seriesText(name, labels, `quantile="${formatTextFloat(quantile)}"`)} ${formatTextFloat(value)}${end}`;
  }
  text += `${seriesText(`${name}_sum`, labels, '')} ${formatTextFloat(point.sum)}${end}`;
  return `${text}${seriesText(`${name}_count`, labels, '')} ${formatTextFloat(point.count)}${end}`;
}
