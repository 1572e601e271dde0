import type {ExpositionParser} from '@narthex/exposition/entry.ts';
import {
  isLabelNameUnder,
  isMetricNameUnder,
  Labels,
  LabelsBuilder,
  METRIC_NAME,
  type NameValidation,
} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import type {RelabelConfig} from '@narthex/relabel/config.ts';
import {relabel} from '@narthex/relabel/relabel.ts';

const EXPORTED_PREFIX = 'exported_';
const SHOWN_CHARACTERS = 50;

/** A scraped series that breaks a limit or a rule, which fails the whole scrape. */
export class SampleLabelsError extends Error {
  override readonly name = 'SampleLabelsError';
}

/** Labels that are too many or too long. */
export class LabelLimitError extends SampleLabelsError {}

export interface SampleLabelRules {
  /** Public labels of the target. */
  readonly target: Labels;
  readonly honorLabels: boolean;
  readonly metricRelabelConfigs: readonly RelabelConfig[];
}

/**
 * Labels of the sample line that the parser has read, as they are stored: with the target's, relabelled; undefined when relabelling drops
 * the series. `scraped` are the parser's `seriesLabels`.
 */
export function storedLabels(scraped: Labels, parser: ExpositionParser, rules: SampleLabelRules): Labels | undefined {
  const {target, honorLabels, metricRelabelConfigs} = rules;
  const attached = merged(scraped, target, parser) ?? resolved(scraped, target, parser, honorLabels);
  const labels = metricRelabelConfigs.length === 0 ? attached : relabel(attached, metricRelabelConfigs);
  return labels?.length === 0 ? undefined : labels;
}

/** Whether the line may have a name twice: its labels are fewer than it names. */
export const mayRepeatNames = (scraped: Labels, parser: ExpositionParser): boolean =>
  scraped.length !== parser.labelCount + 1;

/** Both label sets together, undefined when they have a name in common or may have: the usual case, and done once a series. */
function merged(scraped: Labels, target: Labels, parser: ExpositionParser): Labels | undefined {
  if (mayRepeatNames(scraped, parser)) return undefined;
  const pairs: string[] = [];
  let t = 0;
  for (let s = 0; s < scraped.length; s++) {
    const name = scraped.name(s);
    let order = -1;
    while (t < target.length && (order = compareUtf8(target.name(t), name)) < 0) {
      pairs.push(target.name(t), target.value(t++));
    }
    if (order === 0 && t < target.length) return undefined;
    pairs.push(name, scraped.value(s));
  }
  for (; t < target.length; t++) pairs.push(target.name(t), target.value(t));
  return Labels.fromSorted(pairs);
}

function resolved(scraped: Labels, target: Labels, parser: ExpositionParser, honorLabels: boolean): Labels {
  const builder = new LabelsBuilder(scraped);
  if (honorLabels) addMissing(builder, parser, target);
  else override(builder, scraped, target);
  return builder.labels();
}

/** The scraped label wins, also with an empty value: then the label stays absent. */
function addMissing(builder: LabelsBuilder, parser: ExpositionParser, target: Labels): void {
  const scraped = new Set<string>();
  parser.labels({set: (name) => scraped.add(name)});
  for (const [name, value] of target.entries()) if (!scraped.has(name)) builder.set(name, value);
}

/** The target's label wins; the scraped one moves to `exported_<name>`, repeated while that is taken. Shorter names move first, as upstream. */
function override(builder: LabelsBuilder, scraped: Labels, target: Labels): void {
  const clashes = [...target.entries()].filter(([name]) => scraped.has(name)).map(([name]) => name);
  for (const [name, value] of target.entries()) builder.set(name, value);
  clashes.sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b));
  for (const clash of clashes) {
    let name = EXPORTED_PREFIX + clash;
    while (builder.get(name) !== '') name = EXPORTED_PREFIX + name;
    builder.set(name, scraped.get(clash));
  }
}

export interface StoredLimits {
  readonly metricNameValidationScheme: NameValidation;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
}

/**
 * Whether series may be stored under `labels`: throws SampleLabelsError when they lack a name or have one that is not valid, LabelLimitError
 * when they break a limit. Lengths count bytes; 0 is no limit.
 */
export function checkStored(labels: Labels, limits: StoredLimits): void {
  if (!labels.has(METRIC_NAME)) throw new SampleLabelsError('missing metric name (__name__ label)');
  if (!areNamesValid(labels, limits.metricNameValidationScheme))
    throw new SampleLabelsError(`invalid metric name or label names: ${labels}`);
  const {labelLimit, labelNameLengthLimit, labelValueLengthLimit} = limits;
  const metric = () => shortened(labels.get(METRIC_NAME));
  if (labelLimit > 0 && labels.length > labelLimit) {
    throw new LabelLimitError(
      `label_limit exceeded (metric: ${metric()}, number of labels: ${labels.length}, limit: ${labelLimit})`,
    );
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (const [name, value] of labels.entries()) checkLengths(metric, name, value, limits);
}

function areNamesValid(labels: Labels, scheme: NameValidation): boolean {
  // The parser takes UTF-8 only, and relabelling cannot spoil it. An empty name would be the first.
  if (scheme === 'utf8') return labels.name(0) !== '';
  for (const [name] of labels.entries()) if (!isLabelNameUnder(scheme, name)) return false;
  return isMetricNameUnder(scheme, labels.get(METRIC_NAME));
}

function checkLengths(metric: () => string, name: string, value: string, limits: StoredLimits): void {
  const {labelNameLengthLimit, labelValueLengthLimit} = limits;
  const nameLength = Buffer.byteLength(name);
  if (labelNameLengthLimit > 0 && nameLength > labelNameLengthLimit) {
    throw new LabelLimitError(
      `label_name_length_limit exceeded (metric: ${metric()}, label name: ${shortened(name)}, length: ${nameLength}, limit: ${labelNameLengthLimit})`,
    );
  }
  const valueLength = Buffer.byteLength(value);
  if (labelValueLengthLimit > 0 && valueLength > labelValueLengthLimit) {
    throw new LabelLimitError(
      `label_value_length_limit exceeded (metric: ${metric()}, label name: ${shortened(name)}, value: ${quoteGo(shortened(value))}, length: ${valueLength}, limit: ${labelValueLengthLimit})`,
    );
  }
}

/** The beginning of a text that may be of any length. */
const shortened = (text: string): string =>
  Array.from(text.slice(0, 2 * SHOWN_CHARACTERS))
    .slice(0, SHOWN_CHARACTERS)
    .join('');
