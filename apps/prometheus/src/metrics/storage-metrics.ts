import type {Registry} from '@narthex/client/registry.ts';
import type {Database} from '@narthex/tsdb/database.ts';

const PREFIX = 'prometheus_tsdb_';

/** Figures of the database, under upstream's names where it counts the same thing. */
export class StorageMetrics {
  readonly #registry: Registry;
  readonly #syncs;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#syncs = registry.summary({
      name: `${PREFIX}wal_fsync_duration_seconds`,
      help: 'Duration of write log fsync.',
      quantiles: [0.5, 0.9, 0.99],
    });
  }

  /** A segment of the log was synced. */
  synced(seconds: number): void {
    this.#syncs.observe(seconds);
  }

  /** From now on the page shows the database. */
  watch(database: Database): void {
    this.#watchHead(database);
    this.#watchSamples(database);
    this.#watchLog(database);
  }

  #watchHead({head}: Database): void {
    const seconds = (ms: number) => (Number.isFinite(ms) ? ms / 1000 : 0);
    const milliseconds = (ms: number) => (Number.isFinite(ms) ? ms : 0);
    this.#gauge('head_series', 'Series in the head.', () => head.seriesCount);
    this.#gauge('head_chunks', 'Chunks in the head.', () => head.chunkCount);
    this.#gauge('head_min_time', 'Time of the oldest sample in the head, in ms.', () => milliseconds(head.minTime));
    this.#gauge('head_max_time', 'Time of the newest sample in the head, in ms.', () => milliseconds(head.maxTime));
    this.#gauge('head_min_time_seconds', 'Time of the oldest sample in the head.', () => seconds(head.minTime));
    this.#gauge('head_max_time_seconds', 'Time of the newest sample in the head.', () => seconds(head.maxTime));
    this.#gauge('lowest_timestamp', 'Time of the oldest sample in storage, in ms.', () => milliseconds(head.minTime));
    this.#gauge('lowest_timestamp_seconds', 'Time of the oldest sample in storage.', () => seconds(head.minTime));
    this.#counter('head_series_created_total', 'Series made in the head.', () => head.counters.seriesCreated);
    this.#counter('head_chunks_created_total', 'Chunks made in the head.', () => head.counters.chunksCreated);
    this.#counter('head_appenders_created_total', 'Commits to the head.', () => head.counters.commits);
    this.#counter(
      'head_series_refused_total',
      'New series refused since the memory for series is full.',
      () => head.counters.seriesRefused,
    );
    this.#gauge(
      'head_arena_used_bytes',
      'Bytes of the memory for series, index and open chunks in use.',
      () => head.arena.usedBytes,
    );
  }

  #watchSamples({head}: Database): void {
    this.#byType('head_samples_appended_total', 'Samples stored.', () => head.counters.samplesAppended);
    this.#byType(
      'out_of_order_samples_total',
      'Samples refused for being out of order.',
      () => head.counters.outOfOrder,
    );
    this.#byType(
      'out_of_bound_samples_total',
      'Samples refused for being out of bounds.',
      () => head.counters.outOfBounds,
    );
    this.#byType('too_old_samples_total', 'Samples refused for being too old.', () => head.counters.tooOld);
  }

  #watchLog(database: Database): void {
    const wal = () => database.stats().wal;
    this.#gauge('wal_segment_current', 'Segment of the write log that is written to.', () => wal().segmentCurrent);
    this.#gauge('wal_storage_size_bytes', 'Size of the write log.', () => database.walSizeBytes());
    this.#counter('wal_page_flushes_total', 'Page flushes of the write log.', () => wal().pageFlushes);
    this.#counter(
      'wal_completed_pages_total',
      'Pages of the write log that were completed.',
      () => wal().completedPages,
    );
    this.#counter(
      'wal_record_part_writes_total',
      'Parts of records written to the write log.',
      () => wal().recordPartWrites,
    );
    this.#counter(
      'wal_record_parts_bytes_written_total',
      'Bytes of records written to the write log.',
      () => wal().recordPartBytes,
    );
    this.#counter('wal_writes_failed_total', 'Writes to the write log that failed.', () => wal().writesFailed);
    this.#counter('wal_truncations_total', 'Truncations of the write log.', () => wal().truncations);
    this.#counter(
      'wal_truncations_failed_total',
      'Truncations of the write log that failed.',
      () => wal().truncationsFailed,
    );
    this.#counter('wal_corruptions_total', 'Corruptions of the write log.', () => database.stats().walCorruptions);
    this.#gauge(
      'clean_start',
      '1: the lock was left in order, 0: it was taken over, -1: no lock.',
      () => database.stats().cleanStart,
    );
    this.#gauge(
      'data_replay_duration_seconds',
      'Time that replaying took at the start.',
      () => database.stats().replay.seconds,
    );
  }

  #gauge(name: string, help: string, value: () => number): void {
    this.#registry.gaugeFunction({name: PREFIX + name, help, value});
  }

  #counter(name: string, help: string, value: () => number): void {
    this.#registry.counterFunction({name: PREFIX + name, help, value});
  }

  /** Samples are floats so far; native histograms will be a type of their own. */
  #byType(name: string, help: string, value: () => number): void {
    const labels = [['type', 'float']] as const;
    this.#registry.collector({
      names: [PREFIX + name],
      collect: () => [
        {name: PREFIX + name, help, type: 'counter', metrics: [{labels, point: {kind: 'number', value: value()}}]},
      ],
    });
  }
}
