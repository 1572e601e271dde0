import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {CORRUPT} from '@narthex/kernels/layout/codes.ts';
import {XOR_PADDING} from '@narthex/kernels/layout/xor-chunk.ts';
import {CHUNK_XOR, CHUNK_XOR2, encodingName, isFloatEncoding} from './encoding.ts';
import {ChunkError} from './errors.ts';
import type {SampleExtras} from './extras.ts';
import {isKnownEncoding} from './header.ts';
import {HistogramChunkDecoder} from './histogram-decoder.ts';
import {histogramSamples, writeHistogramSamples, HISTOGRAM_HEADER_BYTES} from './histogram-format.ts';

/**
 * Decodes chunks of all encodings to the columns that readers of samples want: times as f64 ms, values as cells (a float, or HISTOGRAM_HIGH over the
 * address of a record), starts as f64 ms. Keeps no chunk between calls.
 */
export class ChunkDecoder {
  readonly #memory: KernelMemory;
  readonly #histograms = new HistogramChunkDecoder();
  /** A histogram chunk with another count than its own. */
  #copy = new Uint8Array(0);

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /**
   * Decodes those of the first `samples` samples of the chunk that lie in [startMs, endMs], oldest first, to `times` and `values`, which have room for
   * `samples`, and their starts to `extras.starts` (sample `i` of the result to place `i`); gives their number. The encoded data is the `length` bytes
   * at address `data`, with 16 more behind that may be read. It may lie in scratch that was just released: it is read before records are made.
   *
   * Floats whose bits would be taken for a histogram come out as plain NaN. What lies behind the result in `times` and `values` may be overwritten;
   * starts that a chunk does not have stay as they were. Throws a ChunkError when the bytes are no such chunk; cells may have been written then.
   */
  decode(
    encoding: number,
    data: number,
    length: number,
    samples: number,
    startMs: number,
    endMs: number,
    times: number,
    values: number,
    extras: SampleExtras,
  ): number {
    const {kernels, u8} = this.#memory;
    let kept: number;
    if (encoding === CHUNK_XOR) {
      kept = kernels.xorDecode(data, length, samples, startMs, endMs, times, values) >>> 0;
    } else if (encoding === CHUNK_XOR2) {
      kept = kernels.xor2Decode(data, length, samples, startMs, endMs, times, values, extras.starts) >>> 0;
    } else {
      return this.#histogram(encoding, u8, data, data + length, samples, startMs, endMs, times, values, extras);
    }
    if (kept === CORRUPT) {
      throw new ChunkError(`the ${length} bytes of an ${encodingName(encoding)} chunk are not ${samples} samples`);
    }
    kernels.plainFloats(values, kept);
    return kept;
  }

  /** As `decode`, for the encoded data `bytes[from..to]`; takes scratch from the memory and gives it back before records are made. */
  decodeBytes(
    encoding: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    samples: number,
    startMs: number,
    endMs: number,
    times: number,
    values: number,
    extras: SampleExtras,
  ): number {
    if (!isFloatEncoding(encoding)) {
      return this.#histogram(encoding, bytes, from, to, samples, startMs, endMs, times, values, extras);
    }
    const memory = this.#memory;
    const mark = memory.mark();
    const data = memory.alloc(to - from + XOR_PADDING);
    memory.u8.set(bytes.subarray(from, to), data);
    memory.release(mark);
    return this.decode(encoding, data, to - from, samples, startMs, endMs, times, values, extras);
  }

  #histogram(
    encoding: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    samples: number,
    startMs: number,
    endMs: number,
    times: number,
    values: number,
    extras: SampleExtras,
  ): number {
    if (!isKnownEncoding(encoding)) throw new ChunkError(`a chunk has encoding ${encoding}, want 1 to 6`);
    const length = to - from;
    if (length >= HISTOGRAM_HEADER_BYTES && histogramSamples(encoding, bytes, from) !== samples) {
      if (this.#copy.length < length) this.#copy = new Uint8Array(length * 2);
      this.#copy.set(bytes.subarray(from, to));
      writeHistogramSamples(encoding, this.#copy, 0, samples);
      bytes = this.#copy;
      from = 0;
    }
    const end = from + length;
    return this.#histograms.decode(encoding, bytes, from, end, startMs, endMs, this.#memory, times, values, extras);
  }
}
