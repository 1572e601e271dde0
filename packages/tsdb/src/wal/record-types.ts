// The first byte of a record says what it is (tsdb/record/record.go upstream).
export const RECORD_SERIES = 1;
export const RECORD_SAMPLES = 2;
export const RECORD_TOMBSTONES = 3;
export const RECORD_SAMPLES_2 = 11;

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
