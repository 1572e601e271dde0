import type {MetricType} from './entry.ts';
import {escapeHelp, nameText, SeriesText} from './family-lines.ts';
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
  const series = new SeriesText(name);
  for (const metric of family.metrics) text += textOfMetric(series, metric);
  return text;
}

function textOfMetric(series: SeriesText, metric: Metric): string {
  const {point} = metric;
  const labels = series.labels(metric.labels);
  const end = metric.timestampMs === undefined ? '\n' : ` ${metric.timestampMs}\n`;
  switch (point.kind) {
    case 'number':
      return `${series.of('', labels)} ${formatTextFloat(point.value)}${end}`;
    case 'histogram':
      return textOfHistogram(series, labels, point, end);
    case 'summary':
      return textOfSummary(series, labels, point, end);
    default:
      return point satisfies never;
  }
}

function textOfHistogram(series: SeriesText, labels: string, point: HistogramPoint, end: string): string {
  let text = '';
  for (const {upperBound, count} of point.buckets) {
    text += `${series.of('_bucket', labels, `le="${formatTextFloat(upperBound)}"`)} ${formatTextFloat(count)}${end}`;
  }
  const count = formatTextFloat(point.count);
  if (point.buckets.at(-1)?.upperBound !== Infinity) {
    text += `${series.of('_bucket', labels, 'le="+Inf"')} ${count}${end}`;
  }
  text += `${series.of('_sum', labels)} ${formatTextFloat(point.sum)}${end}`;
  return `${text}${series.of('_count', labels)} ${count}${end}`;
}

function textOfSummary(series: SeriesText, labels: string, point: SummaryPoint, end: string): string {
  let text = '';
  for (const {quantile, value} of point.quantiles) {
    text += `${series.of('', labels, `quantile="${formatTextFloat(quantile)}"`)} ${formatTextFloat(value)}${end}`;
  }
  text += `${series.of('_sum', labels)} ${formatTextFloat(point.sum)}${end}`;
  return `${text}${series.of('_count', labels)} ${formatTextFloat(point.count)}${end}`;
}
