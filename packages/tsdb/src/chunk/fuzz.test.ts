// Damaged chunks of all encodings: an error or samples, never a crash, a hang or a look behind the data. CHUNK_FUZZ_INPUTS says how many (6000 of them
// take about a second).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pseudoRandom} from '@narthex/kernels/bench.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {XOR_PADDING} from '@narthex/kernels/layout/xor-chunk.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {markIntegerRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {ChunkBuilder} from './builder.ts';
import {ChunkDecoder} from './decoder.ts';
import {encodingName} from './encoding.ts';
import {ChunkError} from './errors.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {chunkSamples} from './header.ts';
import {TestColumns, type EncodedChunk} from './testing.ts';

const INPUTS = Number(process.env.CHUNK_FUZZ_INPUTS ?? 6000);
/** Counts above this are decoded up to it, as a reader with a limit does. */
const SAMPLES_MAX = 400;

const memory = new KernelMemory({maximumBytes: 1 << 28});
const decoder = new ChunkDecoder(memory);

/** A histogram of counters that go up with `i`, of one of three layouts. */
function writeHistogram(i: number, isInteger: boolean): number {
  const histogram = new FloatHistogram();
  const layout = i % 3;
  histogram.schema = 1;
  histogram.zeroThreshold = 0.001;
  histogram.zeroCount = i;
  for (let k = -2; k < 3 + layout; k++) histogram.positive.push(k * 2, i * 3 + (isInteger ? 0 : 0.5));
  histogram.negative.push(5, i);
  histogram.count = i * (3 * (5 + layout) + 2) + (isInteger ? 0 : (5 + layout) / 2);
  histogram.sum = i * 1.25;
  const at = memory.alloc(recordBytes(histogram));
  writeRecord(memory, at, histogram);
  if (isInteger) markIntegerRecord(memory, at);
  return at;
}

type Kind = 'float' | 'integer' | 'broken';

/** Whole chunks of one kind, with starts or without. */
function* wholeChunks(kind: Kind, hasStarts: boolean, samples: number): Generator<EncodedChunk> {
  const mark = memory.mark();
  const columns = new TestColumns(memory, samples);
  const random = pseudoRandom(samples);
  let time = 1_700_000_000_000;
  for (let i = 0; i < samples; i++) {
    const cell = columns.values / 4 + 2 * i;
    const record = kind === 'float' ? 0 : writeHistogram(i, kind === 'integer');
    time += 15_000 + (random() % 4 === 0 ? random() % 50_000 : 0);
    memory.f64[columns.times / 8 + i] = time;
    if (hasStarts) memory.f64[columns.starts / 8 + i] = time - 10_000 - (random() % 1000);
    if (record === 0) memory.f64[cell / 2] = random() % 3 === 0 ? random() / 7 : 1;
    else memory.u32.set([record, HISTOGRAM_HIGH], cell);
  }
  const builder = new ChunkBuilder(memory, {samplesMax: SAMPLES_MAX});
  builder.begin(columns.times, columns.values, columns.starts, samples);
  while (builder.next()) yield {encoding: builder.encoding, bytes: builder.bytes.slice()};
  memory.release(mark);
}

function seeds(): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (const kind of ['float', 'integer', 'broken'] as const)
    for (const hasStarts of [false, true])
      for (const samples of [1, 2, 30, 150]) chunks.push(...wholeChunks(kind, hasStarts, samples));
  return chunks;
}

/** Changes some bits or bytes, mostly near the front, where what the rest means is decided, and cuts sometimes. */
function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const mutant = bytes.slice(0, random() % 8 === 0 ? (random() % bytes.length) + 1 : bytes.length);
  for (let changes = random() % 4; changes >= 0; changes--) {
    const at = random() % (random() % 2 === 0 ? Math.min(mutant.length, 24) : mutant.length);
    if (random() % 2 === 0) mutant[at] ^= 1 << (random() % 8);
    else mutant[at] = random() % 3 === 0 ? 0xff : random();
  }
  return mutant;
}

/** What a decoder makes of a chunk with bytes of `filler` behind it: how many samples with which bits, or that it is damaged. */
function decode({encoding, bytes}: EncodedChunk, samples: number, filler: number): bigint[] | 'damaged' {
  const mark = memory.mark();
  try {
    const columns = new TestColumns(memory, samples);
    const {times, values, starts} = columns;
    const data = memory.alloc(bytes.length + XOR_PADDING);
    memory.u8.fill(filler, data, data + bytes.length + XOR_PADDING);
    memory.u8.set(bytes, data);
    const records = memory.mark();
    let kept: number;
    try {
      kept = decoder.decode(encoding, data, bytes.length, samples, -Infinity, Infinity, times, values, columns);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      return 'damaged';
    } finally {
      assert.ok(columns.isWhole);
    }
    assert.ok(kept <= samples);
    assert.ok(memory.mark() - records <= bytes.length * 8 * samples * 24 + samples * 128);
    return [times, values, starts].flatMap((at) => [...memory.u64.subarray(at / 8, at / 8 + kept)]);
  } finally {
    memory.release(mark);
  }
}

test('damaged chunks give errors or samples, and nothing depends on what lies behind them', () => {
  const chunks = seeds();
  assert.equal(new Set(chunks.map(({encoding}) => encoding)).size, 6);
  const random = pseudoRandom(INPUTS);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < INPUTS; i++) {
    const {encoding, bytes} = chunks[random() % chunks.length];
    const mutant = {encoding, bytes: mutate(bytes, random)};
    if (mutant.bytes.length < 2) continue;
    const samples = Math.min(SAMPLES_MAX, chunkSamples(encoding, mutant.bytes, 0, mutant.bytes.length));
    const found = decode(mutant, samples, 0);
    assert.deepEqual(decode(mutant, samples, 0xff), found, `${encodingName(encoding)} ${mutant.bytes.toHex()}`);
    const outcome = `${encodingName(encoding)} ${found === 'damaged'}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  assert.equal(outcomes.size, 12, 'both outcomes occur with all encodings');
});
