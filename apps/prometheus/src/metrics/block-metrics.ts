import type {Registry} from '@narthex/client/registry.ts';
import type {Housekeeping} from '@narthex/tsdb/housekeeping/housekeeping.ts';

const PREFIX = 'prometheus_tsdb_';

/** Figures of blocks and what is done to them, under upstream's names. */
export function watchBlocks(registry: Registry, housekeeping: Housekeeping): void {
  const counter = (name: string, help: string, value: () => number) =>
    registry.counterFunction({name: PREFIX + name, help, value});
  const gauge = (name: string, help: string, value: () => number) =>
    registry.gaugeFunction({name: PREFIX + name, help, value});
  const {counters} = housekeeping;
  const limit = () => housekeeping.retention;
  gauge('blocks_loaded', 'Blocks that are read.', () => housekeeping.blocks.length);
  gauge('storage_blocks_bytes', 'Bytes of all blocks.', () => housekeeping.blockBytes);
  gauge('retention_limit_seconds', 'How long samples are kept; 0 without limit.', () => limit().durationMs / 1000);
  gauge('retention_limit_bytes', 'How much is kept; 0 without limit.', () => limit().bytes);
  gauge('retention_limit_percentage', 'Share of the disk that is kept; 0 without limit.', () => limit().percentage);
  counter('compactions_total', 'Compactions that were made.', () => counters.compactions);
  counter('compactions_failed_total', 'Compactions that failed.', () => counters.compactionsFailed);
  counter('vertical_compactions_total', 'Compactions of overlapping blocks.', () => counters.verticalCompactions);
  counter('reloads_total', 'Looks at the blocks of the data folder.', () => counters.reloads);
  counter('reloads_failures_total', 'Looks at the blocks that failed.', () => counters.reloadsFailed);
  counter('time_retentions_total', 'Times that blocks were deleted for their age.', () => counters.timeRetentions);
  counter('size_retentions_total', 'Times that blocks were deleted for their size.', () => counters.sizeRetentions);
  counter('checkpoint_creations_total', 'Checkpoints of the log that were made.', () => counters.checkpoints);
}
