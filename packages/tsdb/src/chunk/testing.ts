// What the tests of chunks share.
import fs from 'node:fs';
import path from 'node:path';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {SampleExtras} from './extras.ts';

const DATA = path.join(import.meta.dirname, '../../../../../shared/conformance/tsdb-2.42/data');
const SEGMENT_HEADER_BYTES = 8;
const CRC_BYTES = 4;

export interface EncodedChunk {
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

/** Whether Prometheus' own files are there to compare with; a reason to skip otherwise. */
export const withoutPrometheusFiles = (): string | false =>
  fs.existsSync(DATA) ? false : 'the conformance data is not beside the checkout';

/** The chunks of all blocks that Prometheus 2.42 wrote. */
export function* prometheusChunks(): Generator<EncodedChunk> {
  for (const block of fs.readdirSync(DATA)) {
    const file = path.join(DATA, block, 'chunks/000001');
    if (fs.existsSync(file)) yield* segmentChunks(Uint8Array.from(fs.readFileSync(file)));
  }
}

/** The chunks of a segment: each its length as a varint, its encoding, its data, a checksum. */
function* segmentChunks(file: Uint8Array): Generator<EncodedChunk> {
  for (let at = SEGMENT_HEADER_BYTES; at < file.length;) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = file[at++];
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    yield {encoding: file[at], bytes: file.subarray(at + 1, at + 1 + length)};
    at += 1 + length + CRC_BYTES;
  }
}

/** Columns for decoded samples, with rubbish in them and behind them. */
export class TestColumns implements SampleExtras {
  readonly memory: KernelMemory;
  readonly times: number;
  readonly values: number;
  readonly starts: number;
  readonly #samples: number;
  readonly #end: number;

  constructor(memory: KernelMemory, samples: number) {
    this.memory = memory;
    this.#samples = samples;
    const bytes = samples * 8;
    [this.times, this.values, this.starts, this.#end] = [bytes, bytes, bytes, 8].map((size) => {
      const at = memory.alloc(size + 8);
      memory.u8.fill(0xa5, at, at + size + 8);
      return at;
    });
    memory.u8.fill(0, this.starts, this.starts + bytes);
  }

  histogram(bytes: number): number {
    return this.memory.alloc(bytes);
  }

  /** Whether nothing was written behind the columns. */
  get isWhole(): boolean {
    const behind = [this.times, this.values, this.starts].map((at) => at / 8 + this.#samples);
    return [...behind, this.#end / 8].every((place) => this.memory.u64[place] === 0xa5a5a5a5a5a5a5a5n);
  }

  /** The first `count` samples. */
  samples(count: number): {time: number; bits: bigint; start: number}[] {
    const {f64, u64} = this.memory;
    return Array.from({length: count}, (_, i) => ({
      time: f64[this.times / 8 + i],
      bits: u64[this.values / 8 + i],
      start: f64[this.starts / 8 + i],
    }));
  }
}
