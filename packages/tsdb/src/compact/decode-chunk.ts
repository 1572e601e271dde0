import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ChunkDecoder} from '../chunk/decoder.ts';
import type {SampleExtras} from '../chunk/extras.ts';
import {chunkSamples} from '../chunk/header.ts';
import {allocColumns, type SampleColumns} from '../chunk/sample-columns.ts';
import type {LoadedChunk} from './source.ts';

/** All samples of a chunk, in new memory that the caller releases. Throws ChunkError. */
export function decodeChunk(memory: KernelMemory, decoder: ChunkDecoder, chunk: LoadedChunk): SampleColumns {
  const {encoding, bytes, from, to} = chunk;
  const samples = chunkSamples(encoding, bytes, from, to);
  const {times, values, starts} = allocColumns(memory, samples);
  const extras: SampleExtras = {starts, histogram: (size) => memory.alloc(size)};
  const count = decoder.decodeBytes(encoding, bytes, from, to, samples, -Infinity, Infinity, times, values, extras);
  return {times, values, starts, count};
}
