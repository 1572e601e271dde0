import type {Retention} from '@narthex/tsdb/compact/retention.ts';
import {optional, field, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {bytes, duration, float, int, string} from '@narthex/yaml/scalars.ts';

const EXEMPLARS_MAX = 100_000;

const retentionFields = {time: field(duration), size: field(bytes), percentage: field(float)};

const retention = struct('config.plain', retentionFields, {
  goType: 'config.TSDBRetentionConfig',
  check(value) {
    const {size, percentage} = value;
    if (size < 0) throw new Error(`'storage.tsdb.retention.size' must be greater than or equal to 0, got ${size}`);
    if (!(percentage >= 0 && percentage <= 100)) {
      throw new Error(`'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${percentage}`);
    }
    return value;
  },
});

const chunkEncoding = struct('config.plain', {floats: field(string)}, {goType: 'config.ChunkEncodingConfig'});

const tsdbFields = {
  out_of_order_time_window: field(duration),
  stale_series_compaction_threshold: field(float),
  chunk_encoding: field(chunkEncoding, () => ({floats: ''})),
  retention: optional(retention),
};

const tsdb = struct('config.plain', tsdbFields, {
  goType: 'config.TSDBConfig',
  check(value: StructOf<typeof tsdbFields>) {
    const {floats} = value.chunkEncoding;
    if (['', 'xor', 'xor2'].includes(floats)) return value;
    const wanted =
      "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely";
    throw new Error(`${wanted}, got ${JSON.stringify(floats)}`);
  },
});

const exemplars = struct('config.ExemplarsConfig', {max_exemplars: field(int, EXEMPLARS_MAX)});

/** The part `storage` of the configuration file. */
export const storageSection = struct('config.StorageConfig', {tsdb: optional(tsdb), exemplars: optional(exemplars)});

type StorageSection = ReturnType<typeof storageSection.zero>;

/** What of the configuration concerns storage. */
export interface StorageConfig {
  readonly outOfOrderWindowMs: number;
  /** Share of stale series from which on they are compacted at once; 0 is never. */
  readonly staleSeriesThreshold: number;
  /** Encoding of new chunks of floats; '' as the flags have it. */
  readonly floatEncoding: '' | 'xor' | 'xor2';
  /** Undefined: as the flags have it. */
  readonly retention: Retention | undefined;
  readonly exemplarsMax: number;
}

/** Keys that are there and not acted on yet. */
export function laterStorageKeys({tsdb, exemplars}: StorageSection): string[] {
  const later: string[] = [];
  if ((tsdb?.staleSeriesCompactionThreshold ?? 0) > 0) later.push('storage.tsdb.stale_series_compaction_threshold');
  if (tsdb?.chunkEncoding.floats === 'xor2') later.push('storage.tsdb.chunk_encoding.floats');
  if (exemplars !== undefined) later.push('storage.exemplars');
  return later;
}

/** The section with its defaults. */
export function storageConfig({tsdb, exemplars}: StorageSection): StorageConfig {
  const limits = tsdb?.retention;
  return {
    outOfOrderWindowMs: Math.max(0, tsdb?.outOfOrderTimeWindow ?? 0),
    staleSeriesThreshold: tsdb?.staleSeriesCompactionThreshold ?? 0,
    floatEncoding: (tsdb?.chunkEncoding.floats ?? '') as StorageConfig['floatEncoding'],
    retention: limits && {durationMs: limits.time, bytes: limits.size, percentage: limits.percentage},
    exemplarsMax: exemplars?.maxExemplars ?? EXEMPLARS_MAX,
  };
}
