import type {OutOfOrderLog, OutOfOrderPiece} from '../head/commit-log.ts';
import {putRecord} from './commit-log.ts';
import type {Span} from './framing.ts';
import {type LoggedMarker, encodeMarkers} from './rare-records.ts';
import {encodeSampleRecords} from './sample-records.ts';
import type {WalWriter} from './writer.ts';

/**
 * Writes accepted out-of-order samples to the write-behind log (`<data>/wbl`, a log in the same format): of each piece the markers, then
 * the samples. Series are in the write-ahead log only.
 */
export class WblCommitLog implements OutOfOrderLog {
  readonly #writer: WalWriter;
  readonly #startTimestamps: boolean;

  /** With `startTimestamps` as for the write-ahead log. */
  constructor(writer: WalWriter, {startTimestamps = false}: {startTimestamps?: boolean} = {}) {
    this.#writer = writer;
    this.#startTimestamps = startTimestamps;
  }

  log(pieces: readonly OutOfOrderPiece[]): void {
    const memory = pieces[0]?.memory;
    if (memory === undefined) return;
    const mark = memory.mark();
    try {
      const records = pieces.flatMap((piece) => this.#records(piece));
      if (records.length > 0) this.#writer.log(memory, records);
    } finally {
      memory.release(mark);
    }
  }

  #records(piece: OutOfOrderPiece): Span[] {
    const {memory, sampleRefs, sampleTimes, sampleValues, sampleStarts, sampleCount} = piece;
    const starts = this.#startTimestamps ? sampleStarts : 0;
    const columns = {refs: sampleRefs, times: sampleTimes, values: sampleValues, starts};
    const samples = encodeSampleRecords({memory, ...columns, count: sampleCount});
    if (piece.markerCount === 0) return samples;
    return [putRecord(memory, encodeMarkers(markersOf(piece))), ...samples];
  }
}

function markersOf({memory, markerCount, markerRefs, markerChunks}: OutOfOrderPiece): LoggedMarker[] {
  const {f64} = memory;
  return Array.from({length: markerCount}, (_, i) => {
    return {ref: f64[markerRefs / 8 + i]!, chunk: f64[markerChunks / 8 + i]!};
  });
}
