import type {CommitLog, LogCommit} from '../head/commit-log.ts';
import type {Span} from './framing.ts';
import {encodeSeries} from './series-record.ts';
import type {WalWriter} from './writer.ts';

/** Writes the head's commits to a write-ahead log: a series record for what is new, then a samples record. */
export class WalCommitLog implements CommitLog {
  readonly #writer: WalWriter;

  constructor(writer: WalWriter) {
    this.#writer = writer;
  }

  log(commit: LogCommit): void {
    const {memory} = commit;
    const mark = memory.mark();
    try {
      const records: Span[] = [];
      if (commit.seriesCount > 0) records.push(encodeSeries(commit));
      if (commit.sampleCount > 0) records.push(encodeSamples(commit));
      if (records.length > 0) this.#writer.log(memory, records);
    } finally {
      memory.release(mark);
    }
  }
}

function encodeSamples({memory, sampleRefs, sampleTimes, sampleValues, sampleCount}: LogCommit): Span {
  const {kernels} = memory;
  const at = memory.alloc(kernels.walSamplesMax(sampleCount) >>> 0);
  const length = kernels.walEncodeSamples(sampleRefs, sampleTimes, sampleValues, sampleCount, at) >>> 0;
  memory.resizeLast(at, length);
  return {at, length};
}
