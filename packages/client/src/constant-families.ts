import type {MetricType} from '@narthex/exposition/entry.ts';
import type {LabelPair, Metric} from '@narthex/exposition/family.ts';
import type {Aggregate, FamilySnapshot} from './snapshot.ts';

/** A name, its help, and how threads combine. */
export interface Description {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly aggregate: Aggregate;
}

/** A family of one metric without labels. */
export function familyOf(description: Description, value: number): FamilySnapshot {
  return {...description, metrics: [metricOf([], value)]};
}

/** One number under some labels. */
export function metricOf(labels: readonly LabelPair[], value: number): Metric {
  return {labels, point: {kind: 'number', value}};
}
