import {quoteGo} from '@narthex/model/quote.ts';
import type {AnnotationKind, AnnotationPlace} from './annotations.ts';

/** What is worth saying about windows of samples: bits of one number. */
export const NOTE = {
  notCounter: 1,
  notGauge: 2,
  mixedKinds: 4,
  mixedSchemas: 8,
  ignoredHistograms: 16,
  boundsOfSum: 32,
  boundsOfDifference: 64,
  boundsOfAggregate: 128,
  resetCollision: 256,
} as const;

const MIXED_SCHEMAS = 'vector contains a mix of histograms with exponential and custom buckets schemas for metric name';
const RECONCILED = 'mismatched custom buckets were reconciled during';

/** Texts in upstream's words; those with a metric end where its name comes. */
const NOTES: readonly {bit: number; kind: AnnotationKind; text: string; hasName: boolean}[] = [
  {bit: NOTE.notCounter, kind: 'warning', text: 'this native histogram metric is not a counter:', hasName: true},
  {bit: NOTE.notGauge, kind: 'warning', text: 'this native histogram metric is not a gauge:', hasName: true},
  {
    bit: NOTE.mixedKinds,
    kind: 'warning',
    text: 'encountered a mix of histograms and floats for metric name',
    hasName: true,
  },
  {bit: NOTE.mixedSchemas, kind: 'warning', text: MIXED_SCHEMAS, hasName: true},
  {
    bit: NOTE.ignoredHistograms,
    kind: 'info',
    text: 'ignored histograms in a range containing both floats and histograms for metric name',
    hasName: true,
  },
  {bit: NOTE.boundsOfSum, kind: 'info', text: `${RECONCILED} addition`, hasName: false},
  {bit: NOTE.boundsOfDifference, kind: 'info', text: `${RECONCILED} subtraction`, hasName: false},
  {bit: NOTE.boundsOfAggregate, kind: 'info', text: `${RECONCILED} aggregation`, hasName: false},
  {
    bit: NOTE.resetCollision,
    kind: 'warning',
    text: 'conflicting counter resets during histogram aggregation',
    hasName: false,
  },
];

/** Adds the annotations of the bits in `notes` for a metric. */
export function annotate(place: AnnotationPlace, notes: number, metric: string): void {
  for (const {bit, kind, text, hasName} of NOTES) {
    if ((notes & bit) === 0) continue;
    const full = hasName ? `${text} ${quoteGo(metric)}` : text;
    if (kind === 'warning') place.warn(full);
    else place.info(full);
  }
}

/** Warns of windows in which a sample starts within what the sample before counted; says how many there were. */
export function annotateOverlaps(place: AnnotationPlace, windows: number, metric: string): void {
  const text = `sample has start time that overlaps with previous sample timestamp for metric ${quoteGo(metric)}`;
  place.warnCounted(text, windows);
}
