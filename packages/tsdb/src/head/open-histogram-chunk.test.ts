import {OPEN_DATA, XOR_BITS, XOR_COUNT, XOR_FIRST_TIME, XOR_LAST_TIME} from '@narthex/kernels/layout/xor-chunk.ts';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Arena} from '../arena/arena.ts';
import {HistogramChunkEncoder} from '../chunk/histogram-encoder.ts';
import {writeHistogramSamples} from '../chunk/histogram-format.ts';
import {runs} from '../chunk/testing-histogram-runs.ts';
import {HistogramBench, type PlainSample, stale} from '../chunk/testing-histograms.ts';
import {openChunkBytes, openChunkLength} from './open-chunk.ts';
import {HistogramAppender} from './open-histogram-chunk.ts';

const bench = new HistogramBench();
const ARENA_BYTES = 1 << 22;
const isFloat = (encoding: number): boolean => encoding === 3 || encoding === 6;

/** What a reader takes from an open chunk at a commit. */
interface Commit {
  readonly chunk: number;
  readonly samples: number;
  readonly length: number;
}

class OpenSeries {
  readonly arena = Arena.create({bytes: ARENA_BYTES});
  readonly appender = new HistogramAppender(this.arena);
  readonly encoding: number;
  chunk = 0;

  constructor(encoding: number) {
    this.encoding = encoding;
  }

  /** Appends a sample; an open chunk that does not take it is given up for a new one. */
  append(sample: PlainSample): void {
    const {appender, chunk, encoding} = this;
    const {time, start} = sample;
    const record = bench.record(sample, !isFloat(encoding));
    if (chunk !== 0 && appender.append(chunk, bench.memory, time, start, record) !== 'new chunk')
      this.#take(appender.chunk);
    else this.#take(appender.open(encoding, chunk === 0 ? 0 : appender.nextHeader, bench.memory, time, start, record));
  }

  #take(chunk: number): void {
    // Scribbles over what was replaced, so that nobody gets away with using it.
    if (chunk !== this.chunk && this.chunk !== 0) {
      this.arena.u8.fill(0xff, this.chunk, this.chunk + openChunkBytes(this.arena, this.chunk));
    }
    this.chunk = chunk;
  }

  commit(): Commit {
    const {arena, chunk} = this;
    return {chunk, samples: arena.u32[(chunk + XOR_COUNT) >>> 2], length: openChunkLength(arena, chunk)};
  }

  /** The data as a reader of that commit sees it now. */
  read({chunk, samples, length}: Commit): Uint8Array {
    const data = chunk + this.arena.u8[chunk + OPEN_DATA];
    const bytes = Uint8Array.from(this.arena.u8.subarray(data, data + length));
    writeHistogramSamples(this.encoding, bytes, 0, samples);
    return bytes;
  }

  time(field: number): number {
    return Number(BigInt.asIntN(64, this.arena.u64[(this.chunk + field) >>> 3]));
  }
}

for (const encoding of [2, 3, 5, 6]) {
  test(`chunks of encoding ${encoding} in the arena are those of the encoder, whichever series is appended to`, () => {
    fc.assert(
      fc.property(fc.array(runs(isFloat(encoding)), {minLength: 1, maxLength: 3}), (series) => {
        bench.scoped(() => {
          const open = new OpenSeries(encoding);
          const chunks = series.map(() => 0);
          const encoders = series.map(() => new HistogramChunkEncoder());
          for (const encoder of encoders) encoder.begin(encoding);
          const longest = Math.max(...series.map((samples) => samples.length));
          for (let i = 0; i < longest; i++) {
            for (const [j, samples] of series.entries()) {
              if (i >= samples.length) continue;
              const {time, start} = samples[i];
              open.chunk = chunks[j];
              open.append(samples[i]);
              chunks[j] = open.chunk;
              const record = bench.record(samples[i], !isFloat(encoding));
              if (encoders[j].append(bench.memory, time, start, record) === 'new chunk') {
                encoders[j].begin(encoding, encoders[j].nextHeader);
                encoders[j].append(bench.memory, time, start, record);
              }
              assert.deepEqual(open.read(open.commit()), Uint8Array.from(encoders[j].bytes()));
              assert.equal(open.arena.u32[(open.chunk + XOR_BITS) >>> 2], encoders[j].sizeBits);
              assert.equal(open.time(XOR_FIRST_TIME), encoders[j].minTime);
              assert.equal(open.time(XOR_LAST_TIME), time);
            }
          }
        });
      }),
      {numRuns: 60},
    );
  });

  test(`a reader of a commit of encoding ${encoding} decodes the same while the chunk grows`, () => {
    fc.assert(
      fc.property(runs(isFloat(encoding)), (samples) => {
        bench.scoped(() => {
          const open = new OpenSeries(encoding);
          const commits: {commit: Commit; want: PlainSample[]}[] = [];
          for (const sample of samples) {
            open.append(sample);
            const commit = open.commit();
            commits.push({commit, want: bench.decode(encoding, open.read(commit))});
            const here = commits.filter((other) => other.commit.chunk === open.chunk);
            for (const {commit, want} of here) assert.deepEqual(bench.decode(encoding, open.read(commit)), want);
          }
        });
      }),
      {numRuns: 60},
    );
  });
}

test('a chunk that is restored from its data goes on as if it had never left', () => {
  const bytes = bench.scoped(() => {
    const encoder = new HistogramChunkEncoder();
    encoder.begin(5, 2);
    const first = {...stale(1000, 500), sum: 2, count: 2, positive: new Map([[3, 2]])};
    encoder.append(bench.memory, first.time, first.start, bench.record(first, true));
    return encoder.bytes().slice();
  });
  const {arena, appender} = new OpenSeries(5);
  const chunk = appender.restore(5, bytes, 0, bytes.length);
  assert.equal(appender.appendStale(chunk, 2000, 500), 'appended');
  const data = appender.chunk + arena.u8[appender.chunk + OPEN_DATA];
  const stored = Uint8Array.from(arena.u8.subarray(data, data + openChunkLength(arena, appender.chunk)));
  assert.deepEqual(
    bench.decode(5, stored).map(({time, start, sum}) => [time, start, sum]),
    [
      [1000, 500, 2],
      [2000, 500, NaN],
    ],
  );
});

test('a chunk that begins with the end of its series takes nothing else', () => {
  const {arena, appender} = new OpenSeries(3);
  const chunk = appender.openStale(3, 2, 10, 0);
  assert.equal(appender.appendStale(chunk, 20, 0), 'appended');
  const next = bench.record({...stale(30), sum: 1, count: 1}, false);
  assert.equal(appender.headerAfter(chunk, bench.memory, next), 2);
  assert.equal(appender.append(chunk, bench.memory, 30, 0, next), 'new chunk');
  assert.equal(appender.nextHeader, 0);
  assert.equal(arena.u32[(chunk + XOR_COUNT) >>> 2], 2);
});
