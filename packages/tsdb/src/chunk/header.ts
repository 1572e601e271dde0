// What the first bytes of encoded data say, whatever its encoding.
import {COUNTER_RESET, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import {CHUNK_FLOAT_HISTOGRAM_START, CHUNK_XOR, isFloatEncoding} from './encoding.ts';
import {ChunkError} from './errors.ts';
import {counterResetHeader, histogramSamples} from './histogram-format.ts';

const COUNT_BYTES = 2;

/** Whether there is such an encoding. */
export const isKnownEncoding = (encoding: number): boolean =>
  encoding >= CHUNK_XOR && encoding <= CHUNK_FLOAT_HISTOGRAM_START;

/** The samples of the chunk whose encoded data is `bytes[from..to]`. Throws a ChunkError for an encoding that is not known and for too few bytes. */
export function chunkSamples(encoding: number, bytes: Uint8Array, from: number, to: number): number {
  if (!isKnownEncoding(encoding)) throw new ChunkError(`a chunk has encoding ${encoding}, want 1 to 6`);
  if (to - from < COUNT_BYTES) throw new ChunkError(`a chunk has ${to - from} bytes, want ${COUNT_BYTES} or more`);
  return isFloatEncoding(encoding) ? (bytes[from] << 8) | bytes[from + 1] : histogramSamples(encoding, bytes, from);
}

/** How the first histogram of a chunk follows the last one of the chunk before; unknown for floats. `bytes[from]` begins data that `chunkSamples` counted. */
export function chunkCounterReset(encoding: number, bytes: Uint8Array, from: number): CounterReset {
  return isFloatEncoding(encoding) ? COUNTER_RESET.unknown : counterResetHeader(encoding, bytes, from);
}
