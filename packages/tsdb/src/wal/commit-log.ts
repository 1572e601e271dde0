import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {CommitLog, LogCommit, LogDeletion} from '../head/commit-log.ts';
import type {Span} from './framing.ts';
import {type LoggedTombstone, encodeExemplars, encodeMetadata, encodeTombstones} from './rare-records.ts';
import {encodeSampleRecords} from './sample-records.ts';
import {encodeSeries} from './series-record.ts';
import type {WalWriter} from './writer.ts';

export interface WalCommitLogOptions {
  /**
   * Keep start times in the log (`--enable-feature=st-storage` upstream): commits that have some are written in the second form, which
   * only Prometheus 3.x with that feature reads. Else they are left out.
   */
  startTimestamps?: boolean;
}

/** Writes the head's commits to a write-ahead log as upstream does: series, metadata, samples, histograms by kind, exemplars. */
export class WalCommitLog implements CommitLog {
  readonly #writer: WalWriter;
  readonly #startTimestamps: boolean;

  constructor(writer: WalWriter, {startTimestamps = false}: WalCommitLogOptions = {}) {
    this.#writer = writer;
    this.#startTimestamps = startTimestamps;
  }

  log(commit: LogCommit): void {
    const {memory} = commit;
    const mark = memory.mark();
    try {
      const records = this.#records(commit);
      if (records.length > 0) this.#writer.log(memory, records);
    } finally {
      memory.release(mark);
    }
  }

  logDeletion(deletion: LogDeletion): void {
    const {memory} = deletion;
    if (deletion.count === 0) return;
    const mark = memory.mark();
    try {
      this.#writer.log(memory, [putRecord(memory, encodeTombstones(tombstonesOf(deletion)))]);
    } finally {
      memory.release(mark);
    }
  }

  #records(commit: LogCommit): Span[] {
    const {memory, metadata = [], exemplars = []} = commit;
    const records: Span[] = [];
    if (commit.seriesCount > 0) records.push(encodeSeries(commit));
    if (metadata.length > 0) records.push(putRecord(memory, encodeMetadata(metadata)));
    for (const record of this.#samples(commit)) records.push(record);
    if (exemplars.length > 0) records.push(putRecord(memory, encodeExemplars(exemplars)));
    return records;
  }

  #samples({memory, sampleRefs, sampleTimes, sampleValues, sampleStarts = 0, sampleCount}: LogCommit): Span[] {
    const starts = this.#startTimestamps ? sampleStarts : 0;
    const columns = {refs: sampleRefs, times: sampleTimes, values: sampleValues, starts};
    return encodeSampleRecords({memory, ...columns, count: sampleCount});
  }
}

function tombstonesOf({memory, count, refs, minTimes, maxTimes}: LogDeletion): LoggedTombstone[] {
  const {f64} = memory;
  return Array.from({length: count}, (_, i) => ({
    ref: f64[refs / 8 + i]!,
    minTimeMs: f64[minTimes / 8 + i]!,
    maxTimeMs: f64[maxTimes / 8 + i]!,
  }));
}

/** Copy a record to new space of the memory. */
export function putRecord(memory: KernelMemory, bytes: Uint8Array): Span {
  const at = memory.alloc(bytes.length);
  memory.u8.set(bytes, at);
  return {at, length: bytes.length};
}
