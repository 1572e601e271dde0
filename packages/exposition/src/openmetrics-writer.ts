import {escapeQuoted, labelNameText, nameText, SeriesText} from './family-lines.ts';
import type {Exemplar, HistogramPoint, Metric, MetricFamily, SummaryPoint} from './family.ts';
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
  const writer = new FamilyLines(family, name, total ? '_total' : family.type === 'info' ? '_info' : '');
  for (const metric of family.metrics) text += writer.metric(metric, options.created === true);
  return text;
}

class FamilyLines {
  private readonly family: MetricFamily;
  private readonly series: SeriesText;
  /** What the samples of a family of plain numbers have after its name. */
  private readonly suffix: string;

  constructor(family: MetricFamily, name: string, suffix: string) {
    this.family = family;
    this.series = new SeriesText(name);
    this.suffix = suffix;
  }

  metric(metric: Metric, withCreated: boolean): string {
    const {point} = metric;
    const labels = this.series.labels(metric.labels);
    const time = metric.timestampMs === undefined ? '' : ` ${formatSeconds(metric.timestampMs)}`;
    const created = withCreated && metric.createdMs !== undefined ? this.created(labels, metric.createdMs) : '';
    switch (point.kind) {
      case 'number': {
        // Only counters may have exemplars.
        const exemplar = this.family.type === 'counter' ? exemplarText(point.exemplar) : '';
        const value = formatOpenMetricsFloat(point.value);
        return `${this.series.of(this.suffix, labels)} ${value}${time}${exemplar}\n${created}`;
      }
      case 'histogram':
        return this.histogram(labels, point, time) + created;
      case 'summary':
        return this.summary(labels, point, time) + created;
      default:
        return point satisfies never;
    }
  }

  private histogram(labels: string, point: HistogramPoint, time: string): string {
    let text = '';
    for (const {upperBound, count, exemplar} of point.buckets) {
      const series = this.series.of('_bucket', labels, `le="${formatOpenMetricsFloat(upperBound)}"`);
      text += `${series} ${this.count(count)}${time}${exemplarText(exemplar)}\n`;
    }
    const count = this.count(point.count);
    if (point.buckets.at(-1)?.upperBound !== Infinity) {
      text += `${this.series.of('_bucket', labels, 'le="+Inf"')} ${count}${time}\n`;
    }
    text += `${this.series.of('_sum', labels)} ${formatOpenMetricsFloat(point.sum)}${time}\n`;
    return `${text}${this.series.of('_count', labels)} ${count}${time}\n`;
  }

  private summary(labels: string, point: SummaryPoint, time: string): string {
    let text = '';
    for (const {quantile, value} of point.quantiles) {
      const series = this.series.of('', labels, `quantile="${formatOpenMetricsFloat(quantile)}"`);
      text += `${series} ${formatOpenMetricsFloat(value)}${time}\n`;
    }
    text += `${this.series.of('_sum', labels)} ${formatOpenMetricsFloat(point.sum)}${time}\n`;
    return `${text}${this.series.of('_count', labels)} ${this.count(point.count)}${time}\n`;
  }

  private created(labels: string, createdMs: number): string {
    return `${this.series.of('_created', labels)} ${formatSeconds(createdMs)}\n`;
  }

  private count(count: number): string {
    if (!Number.isInteger(count)) {
      throw new Error(`OpenMetrics v1.0 does not support float histogram ${this.family.name}`);
    }
    return count <= Number.MAX_SAFE_INTEGER ? String(count) : BigInt(count).toString();
  }
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined || exemplar.labels.length === 0) return '';
  const pairs = exemplar.labels.map(([name, value]) => `${labelNameText(name)}="${escapeQuoted(value)}"`);
  const time = exemplar.timestampMs === undefined ? '' : ` ${formatSeconds(exemplar.timestampMs)}`;
  return ` # {${pairs.join(',')}} ${formatOpenMetricsFloat(exemplar.value)}${time}`;
}

function formatSeconds(milliseconds: number): string {
  return formatOpenMetricsFloat(milliseconds / 1000);
}
