/** What a block has, as its meta.json says; a number that is 0 is left out of the file. */
export interface BlockStats {
  numSamples: number;
  numFloatSamples: number;
  numHistogramSamples: number;
  numSeries: number;
  numChunks: number;
  numTombstones: number;
}

/** A block by name and times. */
export interface BlockDesc {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Where a block comes from. */
export interface BlockCompaction {
  /** How often its samples were compacted: 1 for a block made of the head. */
  level: number;
  /** The blocks of level 1 that went into it. */
  sources: string[];
  /** Compaction left nothing of it: it is to be deleted. */
  deletable: boolean;
  /** The blocks that it was made of. */
  parents: BlockDesc[];
  /** It cannot be compacted: planning leaves it out. */
  failed: boolean;
  /** Sorted. */
  hints: string[];
}

/** The meta.json of a block. */
export interface BlockMeta {
  ulid: string;
  /** The block holds samples in [minTime, maxTime). */
  minTime: number;
  maxTime: number;
  stats: BlockStats;
  compaction: BlockCompaction;
  /** Members of the file that upstream doesn't know (Thanos has some), kept when it is written again. */
  unknown: Readonly<Record<string, unknown>>;
}

/** Made wholly of out-of-order samples: such a block says nothing about how far the head was written. */
export const HINT_OUT_OF_ORDER = 'from-out-of-order';
/** Made of series that went stale only. */
export const HINT_STALE_SERIES = 'from-stale-series';
/** Made of series that somebody picked. */
export const HINT_SELECTED_SERIES = 'from-selected-series';

export const META_FILE = 'meta.json';
const STATS = [
  'numSamples',
  'numFloatSamples',
  'numHistogramSamples',
  'numSeries',
  'numChunks',
  'numTombstones',
] as const;
const KNOWN = new Set(['ulid', 'minTime', 'maxTime', 'stats', 'compaction', 'version']);

export const emptyStats = (): BlockStats => ({
  numSamples: 0,
  numFloatSamples: 0,
  numHistogramSamples: 0,
  numSeries: 0,
  numChunks: 0,
  numTombstones: 0,
});

/** The meta of a new block of level 1, made of the head or of one parent. */
export function newMeta(ulid: string, minTime: number, maxTime: number): BlockMeta {
  const compaction = {level: 1, sources: [ulid], deletable: false, parents: [], failed: false, hints: []};
  return {ulid, minTime, maxTime, stats: emptyStats(), compaction, unknown: {}};
}

export const hasHint = (meta: BlockMeta, hint: string): boolean => meta.compaction.hints.includes(hint);

export function addHint(meta: BlockMeta, hint: string): void {
  if (!hasHint(meta, hint)) meta.compaction.hints = [...meta.compaction.hints, hint].sort();
}

/** A meta.json that cannot be used; the message says why. */
export class MetaError extends Error {
  override readonly name = 'MetaError';
}

/** Reads the text of a meta.json. Throws MetaError. `versions`: those taken, 1 unless a repair wants to see others. */
export function parseMeta(text: string, versions: readonly number[] = [1]): BlockMeta {
  const root = parseObject(text);
  if (!versions.includes(root['version'] as number)) {
    throw new MetaError(`unexpected meta file version ${String(root['version'] ?? 0)}`);
  }
  const compaction = object(root['compaction'], 'compaction');
  return {
    ulid: string(root['ulid'], 'ulid'),
    minTime: number(root['minTime'], 'minTime'),
    maxTime: number(root['maxTime'], 'maxTime'),
    stats: parseStats(object(root['stats'], 'stats')),
    compaction: {
      level: number(compaction['level'], 'level'),
      sources: list(compaction['sources'], 'sources').map((source) => string(source, 'sources')),
      deletable: compaction['deletable'] === true,
      parents: list(compaction['parents'], 'parents').map(parseDesc),
      failed: compaction['failed'] === true,
      hints: list(compaction['hints'], 'hints').map((hint) => string(hint, 'hints')),
    },
    unknown: Object.fromEntries(Object.entries(root).filter(([key]) => !KNOWN.has(key))),
  };
}

/** The text of a meta.json, byte for byte as upstream writes it. */
export function printMeta(meta: BlockMeta): string {
  const {ulid, minTime, maxTime, stats, compaction} = meta;
  const counts = STATS.filter((name) => stats[name] !== 0).map((name) => [name, stats[name]] as const);
  const root = {
    ulid,
    minTime,
    maxTime,
    stats: Object.fromEntries(counts),
    compaction: {
      level: compaction.level,
      ...(compaction.sources.length > 0 && {sources: compaction.sources}),
      ...(compaction.deletable && {deletable: true}),
      ...(compaction.parents.length > 0 && {parents: compaction.parents}),
      ...(compaction.failed && {failed: true}),
      ...(compaction.hints.length > 0 && {hints: compaction.hints}),
    },
    version: 1,
    ...meta.unknown,
  };
  return JSON.stringify(root, null, '\t');
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return object(JSON.parse(text), 'the file');
  } catch (error) {
    if (error instanceof MetaError) throw error;
    throw new MetaError(`no JSON: ${error instanceof Error ? error.message : String(error)}`, {cause: error});
  }
}

function parseStats(members: Record<string, unknown>): BlockStats {
  const stats = emptyStats();
  for (const name of STATS) stats[name] = number(members[name], name);
  return stats;
}

function parseDesc(value: unknown): BlockDesc {
  const members = object(value, 'parents');
  return {
    ulid: string(members['ulid'], 'ulid'),
    minTime: number(members['minTime'], 'minTime'),
    maxTime: number(members['maxTime'], 'maxTime'),
  };
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new MetaError(`${what}: want an object`);
}

function list(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new MetaError(`${what}: want a list`);
}

function number(value: unknown, what: string): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value)) return value as number;
  throw new MetaError(`${what}: want a whole number`);
}

function string(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new MetaError(`${what}: want a string`);
}
