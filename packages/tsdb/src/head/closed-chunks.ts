import {
  CLOSED_FILE,
  CLOSED_FILE_OFFSET,
  CLOSED_LENGTH,
  CLOSED_MIN_TIME,
  CLOSED_OFFSET,
  CLOSED_SAMPLES,
  CLOSED_SEGMENT,
  CLOSED_SPAN,
} from '@narthex/kernels/layout/series.ts';
import type {ArenaReader} from '../arena/reader.ts';

const LENGTH_BITS = 24;
const LENGTH_MASK = 0xffffff;
const FILE_SHIFT = (CLOSED_FILE - CLOSED_SAMPLES) * 8;

/** What an entry of a list of closed chunks says, see layout/series.ts. Times in ms. */
export interface ClosedChunk {
  readonly minTime: number;
  readonly maxTime: number;
  readonly segment: number;
  readonly offset: number;
  /** Bytes of encoded data. */
  readonly length: number;
  readonly encoding: number;
  readonly samples: number;
  /** 0: it is not on disk. */
  readonly file: number;
  readonly fileOffset: number;
}

/** Write the entry at `entry` of the arena. */
export function writeClosedChunk({u32, f64}: ArenaReader, entry: number, chunk: ClosedChunk): void {
  f64[(entry + CLOSED_MIN_TIME) >>> 3] = chunk.minTime;
  u32[(entry + CLOSED_SPAN) >>> 2] = chunk.maxTime - chunk.minTime;
  u32[(entry + CLOSED_SEGMENT) >>> 2] = chunk.segment;
  u32[(entry + CLOSED_OFFSET) >>> 2] = chunk.offset;
  u32[(entry + CLOSED_LENGTH) >>> 2] = chunk.length | (chunk.encoding << LENGTH_BITS);
  u32[(entry + CLOSED_SAMPLES) >>> 2] = chunk.samples | ((chunk.file & 0xffff) << FILE_SHIFT);
  u32[(entry + CLOSED_FILE_OFFSET) >>> 2] = chunk.fileOffset;
}

/** What the entries of lists of closed chunks say, by their addresses in the arena. */
export class ClosedChunks {
  readonly #arena: ArenaReader;

  constructor(arena: ArenaReader) {
    this.#arena = arena;
  }

  /** Time of the first sample, ms. */
  minTime(entry: number): number {
    return this.#arena.f64[(entry + CLOSED_MIN_TIME) >>> 3];
  }

  /** Time of the last sample, ms. */
  maxTime(entry: number): number {
    return this.minTime(entry) + this.#arena.u32[(entry + CLOSED_SPAN) >>> 2];
  }

  samples(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_SAMPLES) >>> 2] & 0xffff;
  }

  /** Bytes of encoded data. */
  length(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_LENGTH) >>> 2] & LENGTH_MASK;
  }

  /** One of the encodings of chunk/encoding.ts. */
  encoding(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_LENGTH) >>> 2] >>> LENGTH_BITS;
  }

  segment(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_SEGMENT) >>> 2];
  }

  /** Address of the encoded data in the segment. */
  offset(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_OFFSET) >>> 2];
  }

  /** The file of chunks_head that has the chunk too, modulo 65536; 0 is none. */
  file(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_SAMPLES) >>> 2] >>> FILE_SHIFT;
  }

  /** Where in that file the chunk's record begins. */
  fileOffset(entry: number): number {
    return this.#arena.u32[(entry + CLOSED_FILE_OFFSET) >>> 2];
  }
}
