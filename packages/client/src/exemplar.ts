import type {Exemplar} from '@narthex/exposition/family.ts';
import {EXEMPLAR_CHARACTERS_MAX, exemplarLength} from '@narthex/exposition/openmetrics-rules.ts';
import {MetricError} from './errors.ts';

/** Labels of an exemplar, such as `{trace_id: '4bf92f35'}`. */
export type ExemplarLabels = Readonly<Record<string, string>>;

/** An exemplar of now; throws `MetricError` when its labels are longer than OpenMetrics allows. */
export function exemplarOf(labels: ExemplarLabels, value: number): Exemplar {
  const pairs = Object.entries(labels);
  if (exemplarLength(pairs) > EXEMPLAR_CHARACTERS_MAX) {
    throw new MetricError('invalid_label', `labels of an exemplar exceed ${EXEMPLAR_CHARACTERS_MAX} UTF-8 characters`);
  }
  return {labels: pairs, value, timestampMs: Date.now()};
}
