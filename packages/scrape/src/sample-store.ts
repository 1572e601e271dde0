import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {AppendOutcome, SampleBatch, SeriesRef, SeriesSlot} from '@narthex/tsdb/head/types.ts';

/** Where scraped samples go: the database of the ingest thread. */
export interface SampleStore {
  /** Throws ArenaFullError when there is no room for a new series. */
  getOrCreate(labels: Labels): SeriesSlot;
  /** The reference of a series, which outlives its slot. */
  ref(slot: SeriesSlot): SeriesRef;
  /** Rises before series are removed: slots that were kept are to be checked then. */
  readonly generation: number;
  /** Whether `slot` is still that of the series with this reference. */
  has(slot: SeriesSlot, ref: SeriesRef): boolean;
  /** One atomic commit. Throws StorageError when nothing of it was stored. */
  append(batch: SampleBatch): AppendOutcome;
}

/** What one ingest thread shares between all its targets. */
export interface AppendContext {
  readonly memory: KernelMemory;
  readonly floatPowers: number;
  readonly store: SampleStore;
  /** Whether an error of the store means that this series has no room, and the scrape goes on without it. */
  readonly isRefusal: (error: unknown) => boolean;
}
