import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import fc from 'fast-check';
import {encodingName} from './encoding.ts';
import {ChunkError} from './errors.ts';
import {HistogramChunkEncoder} from './histogram-encoder.ts';
import {runs} from './testing-histogram-runs.ts';
import {HistogramBench, plainChunk, type PlainSample, stale} from './testing-histograms.ts';

const ENCODINGS = [2, 3, 5, 6];
const isFloat = (encoding: number): boolean => encoding === 3 || encoding === 6;
const bench = new HistogramBench();

interface Chunk {
  header: CounterReset;
  samples: PlainSample[];
}

const isStale = (sample: PlainSample): boolean => Number.isNaN(sample.sum);

/** Which chunk a histogram behind `chunk` belongs to: undefined for the same one, else the header of a new one. By maps, from upstream's documentation of `appendable`. */
function plainJudge(encoding: number, chunk: Chunk, next: PlainSample): CounterReset | undefined {
  const last = chunk.samples.at(-1)!;
  const unknown = 0;
  const reset = 1;
  const notReset = isFloat(encoding) ? unknown : 2;
  const scale = ({schema, zeroThreshold, bounds}: PlainSample): string => `${schema} ${zeroThreshold} ${bounds}`;
  if (next.hint === 3) {
    if (chunk.header !== 3) return 3;
    if (isStale(next)) return undefined;
    return isStale(last) || scale(last) !== scale(next) ? 3 : undefined;
  }
  if (chunk.header === 3) return notReset;
  if (next.hint === 1) return reset;
  if (isStale(next)) return undefined;
  if (isStale(last)) return unknown;
  if (next.count < last.count) return reset;
  if (next.schema !== last.schema || next.zeroThreshold !== last.zeroThreshold) return unknown;
  if (scale(last) !== scale(next) || next.zeroCount < last.zeroCount) return reset;
  for (const sign of ['positive', 'negative'] as const)
    for (const [index, count] of last[sign]) if (count > (next[sign].get(index) ?? 0)) return reset;
  return undefined;
}

/** The chunks that a run of histograms makes, by the plain rules. */
function plainChunks(encoding: number, samples: readonly PlainSample[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (const sample of samples) {
    const chunk = chunks.at(-1);
    const header = chunk === undefined ? 0 : plainJudge(encoding, chunk, sample);
    if (chunk !== undefined && header === undefined) chunk.samples.push(sample);
    else chunks.push({header: sample.hint === 3 || sample.hint === 1 ? sample.hint : header!, samples: [sample]});
  }
  return chunks;
}

/** The chunks the encoder makes of them. */
function encode(encoding: number, samples: readonly PlainSample[], resumes = false): Uint8Array[] {
  const encoder = new HistogramChunkEncoder();
  const chunks: Uint8Array[] = [];
  encoder.begin(encoding);
  for (const sample of samples) {
    const record = bench.record(sample, !isFloat(encoding));
    if (resumes) encoder.resume(encoding, encoder.bytes().slice(), 0, encoder.sizeBytes);
    if (encoder.append(bench.memory, sample.time, sample.start, record) !== 'new chunk') continue;
    chunks.push(encoder.bytes().slice());
    encoder.begin(encoding, encoder.nextHeader);
    assert.equal(encoder.append(bench.memory, sample.time, sample.start, record), 'appended');
  }
  chunks.push(encoder.bytes().slice());
  return chunks;
}

/** A chunk's samples as they are read: with the buckets of all, hints by place, starts where the encoding has them. */
function asRead(encoding: number, {header, samples}: Chunk): PlainSample[] {
  const widen = (sign: 'positive' | 'negative', sample: PlainSample): Map<number, number> => {
    const indexes = [...new Set(samples.flatMap((other) => [...other[sign].keys()]))].sort((a, b) => a - b);
    return new Map(indexes.map((index) => [index, sample[sign].get(index) ?? 0]));
  };
  return samples.map((sample, i) => {
    const start = encoding >= 5 ? sample.start : 0;
    if (isStale(sample)) return stale(sample.time, start);
    const hint = header === 3 ? 3 : i > 0 ? 2 : 0;
    return {...sample, start, hint, positive: widen('positive', sample), negative: widen('negative', sample)};
  });
}

for (const encoding of ENCODINGS) {
  const name = encodingName(encoding);

  test(`${name}: runs of histograms become the chunks that the plain rules make, byte for byte`, () => {
    fc.assert(
      fc.property(runs(isFloat(encoding)), fc.boolean(), (samples, resumes) => {
        const want = plainChunks(encoding, samples);
        const chunks = bench.scoped(() => encode(encoding, samples, resumes));
        assert.equal(chunks.length, want.length);
        for (const [i, chunk] of chunks.entries()) {
          assert.deepEqual(chunk, plainChunk(encoding, want[i].header, want[i].samples));
          assert.deepEqual(bench.decode(encoding, chunk), asRead(encoding, want[i]));
        }
      }),
      {numRuns: 300},
    );
  });

  test(`${name}: a range of time gives the samples in it, and the last of them`, () => {
    fc.assert(
      fc.property(runs(isFloat(encoding)), fc.nat(30), fc.nat(30), (samples, i, j) => {
        const [chunk] = bench.scoped(() => encode(encoding, samples));
        const all = bench.decode(encoding, chunk);
        const from = all[i % all.length].time;
        const to = all[j % all.length].time;
        const want = all.filter(({time}) => time >= from && time <= to);
        assert.deepEqual(bench.decode(encoding, chunk, from, to), want);
        assert.deepEqual(bench.decode(encoding, chunk, from, to, true), want.slice(-1));
      }),
      {numRuns: 50},
    );
  });

  test(`${name}: damaged chunks give samples or a ChunkError`, () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 4});
    fc.assert(
      fc.property(runs(isFloat(encoding)), damage, fc.option(fc.nat()), (samples, flips, cut) => {
        const chunk = bench.scoped(() => encode(encoding, samples))[0];
        for (const [at, bits] of flips) chunk[at % chunk.length] ^= bits;
        const bytes = cut === null ? chunk : chunk.subarray(0, cut % chunk.length);
        try {
          bench.decode(encoding, bytes);
        } catch (error) {
          assert.ok(error instanceof ChunkError, String(error));
        }
      }),
      {numRuns: 300},
    );
  });
}

test('a chunk of more than 127 samples has starts from the 128th on', () => {
  const samples = Array.from({length: 140}, (_, i) => ({
    ...stale(i * 1000, 77),
    sum: i,
    count: i,
    positive: new Map([[1, i]]),
  }));
  for (const encoding of [5, 6]) {
    const chunks = bench.scoped(() => encode(encoding, samples));
    assert.equal(chunks.length, 1);
    assert.deepEqual(chunks[0], plainChunk(encoding, 0, samples));
    assert.deepEqual(bench.decode(encoding, chunks[0]), asRead(encoding, {header: 0, samples}));
    assert.equal(chunks[0][2] & 0x7f, 127);
  }
});

test('a chunk that counts all the samples it can takes no more', () => {
  const encoder = new HistogramChunkEncoder();
  encoder.begin(5);
  for (let i = 0; i < 16_383; i++) assert.equal(encoder.appendStale(i, 0), 'appended');
  assert.equal(encoder.appendStale(16_383, 0), 'new chunk');
  assert.equal(encoder.samples, 16_383);
});

const grown = (count: number, hint: CounterReset = 0): PlainSample => ({
  ...stale(count, 0, hint),
  sum: 1,
  count,
  positive: new Map([[0, count]]),
});
const headers: [name: string, encoding: number, last: PlainSample, next: PlainSample, header: CounterReset][] = [
  ['whole counts that grow', 2, grown(1), grown(2), 2],
  ['whole counts that fall', 2, grown(2), grown(1), 1],
  ['whole counts in another schema', 2, grown(1), {...grown(2), schema: 3}, 0],
  ['float counts that grow', 3, grown(1), grown(2), 2],
  ['float counts that fall', 3, grown(2), grown(1), 1],
  ['float counts in another schema', 3, grown(1), {...grown(2), schema: 3}, 2],
  ['a gauge', 2, grown(1), grown(2, 3), 3],
  ['a counter after gauges', 2, grown(1, 3), grown(2), 2],
  ['a reset that is said', 3, grown(1), grown(2, 1), 1],
  ['after the end of the series', 2, stale(1), grown(2), 0],
];
for (const [name, encoding, last, next, header] of headers) {
  test(`the header of the chunk after a full one: ${name}`, () => {
    bench.scoped(() => {
      const encoder = new HistogramChunkEncoder();
      encoder.begin(encoding);
      encoder.append(bench.memory, 1, 0, bench.record(last, encoding === 2));
      assert.equal(encoder.headerAfter(bench.memory, bench.record(next, encoding === 2)), header);
    });
  });
}

test('finer schemas than there are come at the finest there is, unknown ones not at all', () => {
  const sample = {
    ...grown(3),
    schema: 9,
    positive: new Map([
      [1, 1],
      [2, 2],
    ]),
  };
  const [read] = bench.decode(2, plainChunk(2, 0, [sample]));
  assert.equal(read.schema, 8);
  assert.deepEqual(read.positive, new Map([[1, 3]]));
  for (const schema of [53, -10, -54])
    assert.throws(() => bench.decode(2, plainChunk(2, 0, [{...sample, schema}])), ChunkError);
});
