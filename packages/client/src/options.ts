import type {MetricType} from '@narthex/exposition/entry.ts';
import {isValidLabelName, isValidMetricName} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {MetricError} from './errors.ts';
import type {Aggregate} from './snapshot.ts';

/** What every instrument is described by. */
export interface MetricOptions<L extends string = never> {
  /** Full name with unit, in the base unit: `http_request_duration_seconds`, `http_requests_total`. */
  readonly name: string;
  /** One sentence about what is measured. */
  readonly help: string;
  /** Names of the labels; their values come with each use. */
  readonly labels?: readonly L[];
  /** The unit, with which the name then ends: `seconds`, `bytes`. */
  readonly unit?: string;
  /** How the values of several threads or processes become one; default `sum`. */
  readonly aggregate?: Aggregate;
}

/** Names that samples of a family of the type have, after its name. */
const SUFFIXES: Partial<Record<MetricType, readonly string[]>> = {
  histogram: ['', '_bucket', '_count', '_sum'],
  summary: ['', '_count', '_sum'],
};

/** All names a family occupies on a page. */
export function namesOf(name: string, type: MetricType): string[] {
  return (SUFFIXES[type] ?? ['']).map((suffix) => name + suffix);
}

/** Throws `MetricError` when the description cannot make a valid family; `reserved` is a label the type keeps for itself. */
export function checkOptions(options: MetricOptions<string>, reserved?: string): void {
  const {name, help, labels = [], unit} = options;
  if (!isValidMetricName(name)) throw new MetricError('invalid_name', `invalid metric name ${quoteGo(name)}`);
  if (help.trim() === '') throw new MetricError('invalid_option', `metric ${name} has no help`);
  if (unit !== undefined && !isUnitOf(name, unit)) {
    throw new MetricError('invalid_option', `unit ${quoteGo(unit)} is no suffix of metric ${name}`);
  }
  for (const [i, label] of labels.entries()) {
    checkLabelName(label, reserved, name);
    if (labels.indexOf(label) !== i) {
      throw new MetricError('invalid_label', `label ${quoteGo(label)} of metric ${name} is given twice`);
    }
  }
}

function isUnitOf(name: string, unit: string): boolean {
  return name.endsWith(`_${unit}`) || name.endsWith(`_${unit}_total`);
}

/** Throws `MetricError` when the label name cannot be used on a metric called `metric`. */
export function checkLabelName(label: string, reserved: string | undefined, metric: string): void {
  if (!isValidLabelName(label) || label.startsWith('__')) {
    throw new MetricError('invalid_label', `invalid label name ${quoteGo(label)} of metric ${metric}`);
  }
  if (label === reserved) {
    throw new MetricError('invalid_label', `label ${quoteGo(label)} of metric ${metric} belongs to its type`);
  }
}
