// The first byte of a record says what it is (tsdb/record/record.go upstream).
export const RECORD_SERIES = 1;
export const RECORD_SAMPLES = 2;
export const RECORD_TOMBSTONES = 3;
export const RECORD_EXEMPLARS = 4;
export const RECORD_MARKERS = 5;
export const RECORD_METADATA = 6;
export const RECORD_HISTOGRAMS = 7;
export const RECORD_FLOAT_HISTOGRAMS = 8;
export const RECORD_CUSTOM_HISTOGRAMS = 9;
export const RECORD_CUSTOM_FLOAT_HISTOGRAMS = 10;
export const RECORD_SAMPLES_2 = 11;
export const RECORD_HISTOGRAMS_2 = 12;
export const RECORD_FLOAT_HISTOGRAMS_2 = 13;

/** Whether records of this type have start times. */
export const hasStarts = (type: number): boolean => type >= RECORD_SAMPLES_2;

const NAMES = [
  'unknown',
  'series',
  'samples',
  'tombstones',
  'exemplars',
  'mmapmarkers',
  'metadata',
  'histogram_samples',
  'float_histogram_samples',
  'custom_buckets_histogram_samples',
  'custom_buckets_float_histogram_samples',
  'samples_v2',
  'histogram_samples_v2',
  'float_histogram_samples_v2',
];

/** What upstream calls records of this type; `unknown` for those of a later version. */
export const recordTypeName = (type: number): string => NAMES[type] ?? 'unknown';
