import {Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
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

/** Labels of a scraped series as they are stored: with the target's, relabelled; undefined when relabelling drops the series. */
export function sampleLabels(scraped: Labels, rules: SampleLabelRules): Labels | undefined {
  const builder = new LabelsBuilder(scraped);
  if (rules.honorLabels) addMissing(builder, scraped, rules.target);
  else override(builder, scraped, rules.target);
  const labels = builder.labels();
  return rules.metricRelabelConfigs.length === 0 ? labels : relabel(labels, rules.metricRelabelConfigs);
}

/** The scraped label wins, also with an empty value: then the label stays absent. */
function addMissing(builder: LabelsBuilder, scraped: Labels, target: Labels): void {
  for (const [name, value] of target.entries()) if (!scraped.has(name)) builder.set(name, value);
}

/** The target's label wins; the scraped one moves to `exported_<name>`, repeated while that is taken. Shorter names move first, as upstream. */
function override(builder: LabelsBuilder, scraped: Labels, target: Labels): void {
  const clashes = [...target.entries()].filter(([name]) => scraped.get(name) !== '').map(([name]) => name);
  for (const [name, value] of target.entries()) builder.set(name, value);
  clashes.sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b));
  for (const clash of clashes) {
    let name = EXPORTED_PREFIX + clash;
    while (builder.get(name) !== '') name = EXPORTED_PREFIX + name;
    builder.set(name, scraped.get(clash));
  }
}

export interface LabelLimits {
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
}

/** Throws LabelLimitError when `labels`, as they would be stored, break a limit. Lengths count bytes; 0 is no limit. */
export function checkLabelLimits(labels: Labels, limits: LabelLimits): void {
  const metric = labels.get(METRIC_NAME).slice(0, SHOWN_CHARACTERS);
  if (limits.labelLimit > 0 && labels.length > limits.labelLimit) {
    throw new LabelLimitError(
      `label_limit exceeded (metric: ${metric}, number of labels: ${labels.length}, limit: ${limits.labelLimit})`,
    );
  }
  if (limits.labelNameLengthLimit === 0 && limits.labelValueLengthLimit === 0) return;
  for (const [name, value] of labels.entries()) checkLengths(metric, name, value, limits);
}

function checkLengths(metric: string, name: string, value: string, limits: LabelLimits): void {
  const shown = name.slice(0, SHOWN_CHARACTERS);
  const nameLength = Buffer.byteLength(name);
  if (limits.labelNameLengthLimit > 0 && nameLength > limits.labelNameLengthLimit) {
    throw new LabelLimitError(
      `label_name_length_limit exceeded (metric: ${metric}, label name: ${shown}, length: ${nameLength}, limit: ${limits.labelNameLengthLimit})`,
    );
  }
  const valueLength = Buffer.byteLength(value);
  if (limits.labelValueLengthLimit > 0 && valueLength > limits.labelValueLengthLimit) {
    const start = JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
    throw new LabelLimitError(
      `label_value_length_limit exceeded (metric: ${metric}, label name: ${shown}, value: ${start}, length: ${valueLength}, limit: ${limits.labelValueLengthLimit})`,
    );
  }
}
