import {Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';

const METADATA = [METRIC_NAME, '__type__', '__unit__'];

/** The labels without name, type and unit: what a changed value no longer has. */
export const withoutMetadata = (labels: Labels): Labels => new LabelsBuilder(labels).del(...METADATA).labels();

export const without = (labels: Labels, names: readonly string[]): Labels =>
  new LabelsBuilder(labels).del(...names).labels();

export const only = (labels: Labels, names: readonly string[]): Labels =>
  new LabelsBuilder(labels).keep(...names).labels();

export const withLabel = (labels: Labels, name: string, value: string): Labels =>
  new LabelsBuilder(labels).set(name, value).labels();

/** Equal label sets, equal keys. */
export const keyOf = (labels: Labels): string => JSON.stringify([...labels.entries()]);

export const nameOf = (labels: Labels): string => labels.get(METRIC_NAME);

/** The part of the labels that two sides of an operator, or the rows of a group, have in common. `without` never counts the name. */
export function matchedLabels(labels: Labels, isOn: boolean, names: readonly string[]): Labels {
  return isOn ? only(labels, names) : without(labels, [METRIC_NAME, ...names]);
}
