import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {encodeXor} from '@narthex/kernels/xor.reference.ts';
import {encodeXor2, type StartedSample} from '@narthex/kernels/xor2.reference.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {markIntegerRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import * as fc from 'fast-check';
import {ChunkBuilder} from './builder.ts';
import {ChunkDecoder} from './decoder.ts';
import {
  CHUNK_FLOAT_HISTOGRAM,
  CHUNK_FLOAT_HISTOGRAM_START,
  CHUNK_HISTOGRAM,
  CHUNK_HISTOGRAM_START,
  CHUNK_XOR,
  CHUNK_XOR2,
  isFloatEncoding,
} from './encoding.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {chunkCounterReset, chunkSamples} from './header.ts';
import {prometheusChunks, TestColumns, withoutPrometheusFiles} from './testing.ts';

const memory = new KernelMemory({maximumBytes: 1 << 26});

interface Built {
  readonly encoding: number;
  readonly bytes: Uint8Array;
  readonly samples: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** All chunks of the run that `begin` began. */
function finish(builder: ChunkBuilder): Built[] {
  const chunks: Built[] = [];
  const mark = memory.mark();
  while (builder.next()) {
    const {encoding, samples, minTime, maxTime} = builder;
    chunks.push({encoding, bytes: builder.bytes.slice(), samples, minTime, maxTime});
    assert.equal(memory.mark(), mark);
  }
  return chunks;
}

/** A sample whose value is a float, or a histogram of the kind with this count. */
interface Sample {
  readonly time: number;
  readonly start: number;
  readonly cell: bigint | {readonly whole: boolean; readonly count: number; readonly schema?: number};
}

function writeHistogram(cell: {whole: boolean; count: number; schema?: number}): bigint {
  const histogram = new FloatHistogram();
  histogram.schema = cell.schema ?? 0;
  histogram.count = cell.count;
  histogram.sum = cell.count * 2;
  histogram.positive.push(1, cell.count);
  const at = memory.alloc(recordBytes(histogram));
  writeRecord(memory, at, histogram);
  if (cell.whole) markIntegerRecord(memory, at);
  return (BigInt(HISTOGRAM_HIGH) << 32n) | BigInt(at);
}

function build(samples: readonly Sample[], options: ConstructorParameters<typeof ChunkBuilder>[1] = {}): Built[] {
  const mark = memory.mark();
  try {
    const columns = new TestColumns(memory, samples.length);
    const {times, values, starts} = columns;
    for (const [i, {time, start, cell}] of samples.entries()) {
      const bits = typeof cell === 'bigint' ? cell : writeHistogram(cell);
      memory.f64[times / 8 + i] = time;
      memory.u64[values / 8 + i] = bits;
      memory.f64[starts / 8 + i] = start;
    }
    const builder = new ChunkBuilder(memory, options);
    builder.begin(times, values, samples.some(({start}) => start !== 0) ? starts : 0, samples.length);
    return finish(builder);
  } finally {
    memory.release(mark);
  }
}

const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0];

const regular = (
  count: number,
  cell: (i: number) => Sample['cell'],
  start: (i: number) => number = () => 0,
): Sample[] => Array.from({length: count}, (_, i) => ({time: 1000 * (i + 1), start: start(i), cell: cell(i)}));

const shapes = (chunks: readonly Built[]): [number, number][] =>
  chunks.map(({encoding, samples}) => [encoding, samples]);

const float = (i: number): bigint => bitsOf(i);
const whole = (i: number) => ({whole: true, count: i + 1});
const broken = (i: number) => ({whole: false, count: i + 1.5});

const series = fc
  .array(
    fc.record({
      step: fc.integer({min: 1, max: 100_000}),
      bits: fc.oneof(fc.double().map(bitsOf), fc.constantFrom(bitsOf(1), STALE_NAN_BITS)),
      started: fc.integer({min: 0, max: 9}),
    }),
    {minLength: 1, maxLength: 300},
  )
  .chain((steps) => fc.tuple(fc.constant(steps), fc.constantFrom(0, 5, 10)))
  .map(([steps, startsBelow]): Sample[] => {
    let time = 0;
    return steps.map(({step, bits, started}) => {
      time += step;
      return {time, cell: bits, start: started < startsBelow ? time - step : 0};
    });
  });

test('floats become chunks of up to 120, XOR2 where there is a start', () => {
  fc.assert(
    fc.property(series, fc.constantFrom(CHUNK_XOR, CHUNK_XOR2), (samples, floatEncoding) => {
      const groups: {isXor2: boolean; samples: Sample[]}[] = [];
      for (const sample of samples) {
        const last = groups.at(-1);
        if (last === undefined || last.samples.length === 120 || (!last.isXor2 && sample.start !== 0)) {
          groups.push({isXor2: floatEncoding === CHUNK_XOR2 || sample.start !== 0, samples: [sample]});
        } else last.samples.push(sample);
      }
      const wanted = groups.map(({isXor2, samples: group}) => {
        const plain = group.map(({time, cell, start}): StartedSample => {
          assert.ok(typeof cell === 'bigint');
          return {time: BigInt(time), bits: cell, start: BigInt(start)};
        });
        return {
          encoding: isXor2 ? CHUNK_XOR2 : CHUNK_XOR,
          bytes: isXor2 ? encodeXor2(plain) : encodeXor(plain),
          samples: group.length,
          minTime: group[0].time,
          maxTime: group.at(-1)!.time,
        };
      });
      assert.deepEqual(build(samples, {floatEncoding}), wanted);
    }),
  );
});

test('without a limit all floats share a chunk, up to what its count can say', () => {
  assert.deepEqual(shapes(build(regular(500, float), {samplesMax: Infinity})), [[CHUNK_XOR, 500]]);
  const many = shapes(build(regular(70_000, float), {samplesMax: Infinity, floatEncoding: CHUNK_XOR2}));
  assert.deepEqual(many, [
    [CHUNK_XOR2, 65_535],
    [CHUNK_XOR2, 4465],
  ]);
});

test('no samples, no chunks', () => assert.deepEqual(build([]), []));

test('each kind of sample has chunks of its own', () => {
  const cells = [float, float, whole, whole, broken, float, broken, whole];
  const found = shapes(build(regular(cells.length, (i) => cells[i](i))));
  assert.deepEqual(found, [
    [CHUNK_XOR, 2],
    [CHUNK_HISTOGRAM, 2],
    [CHUNK_FLOAT_HISTOGRAM, 1],
    [CHUNK_XOR, 1],
    [CHUNK_FLOAT_HISTOGRAM, 1],
    [CHUNK_HISTOGRAM, 1],
  ]);
});

test('histograms are split at 120, and where their counts or layouts do not follow', () => {
  assert.deepEqual(shapes(build(regular(250, whole))), [
    [CHUNK_HISTOGRAM, 120],
    [CHUNK_HISTOGRAM, 120],
    [CHUNK_HISTOGRAM, 10],
  ]);
  const reset = build(regular(10, (i) => whole(i % 4)));
  assert.deepEqual(shapes(reset), [
    [CHUNK_HISTOGRAM, 4],
    [CHUNK_HISTOGRAM, 4],
    [CHUNK_HISTOGRAM, 2],
  ]);
  const headers = reset.map(({encoding, bytes}) => chunkCounterReset(encoding, bytes, 0));
  assert.deepEqual(headers, [COUNTER_RESET.unknown, COUNTER_RESET.reset, COUNTER_RESET.reset]);
  const finer = build(regular(6, (i) => ({...broken(i), schema: i < 4 ? 0 : 1})));
  assert.deepEqual(shapes(finer), [
    [CHUNK_FLOAT_HISTOGRAM, 4],
    [CHUNK_FLOAT_HISTOGRAM, 2],
  ]);
});

test('histograms with and without a start do not share a chunk', () => {
  const samples = regular(6, whole, (i) => (i < 3 ? 0 : 500));
  assert.deepEqual(shapes(build(samples)), [
    [CHUNK_HISTOGRAM, 3],
    [CHUNK_HISTOGRAM_START, 3],
  ]);
  assert.deepEqual(shapes(build(samples, {histogramStarts: true})), [[CHUNK_HISTOGRAM_START, 6]]);
  assert.deepEqual(shapes(build(regular(2, broken, () => 7))), [[CHUNK_FLOAT_HISTOGRAM_START, 2]]);
});

test('a stale marker stays with the histograms before it', () => {
  const cells = [STALE_NAN_BITS, whole(1), STALE_NAN_BITS, STALE_NAN_BITS, float(1), STALE_NAN_BITS];
  assert.deepEqual(shapes(build(regular(6, (i) => cells[i]))), [
    [CHUNK_XOR, 1],
    [CHUNK_HISTOGRAM, 3],
    [CHUNK_XOR, 2],
  ]);
});

test('chunks that Prometheus wrote are built again byte for byte', {skip: withoutPrometheusFiles()}, () => {
  const decoder = new ChunkDecoder(memory);
  const builder = new ChunkBuilder(memory, {samplesMax: Infinity});
  const seen = new Set<number>();
  for (const {encoding, bytes} of prometheusChunks()) {
    const mark = memory.mark();
    const samples = chunkSamples(encoding, bytes, 0, bytes.length);
    const columns = new TestColumns(memory, samples);
    const {times, values} = columns;
    decoder.decodeBytes(encoding, bytes, 0, bytes.length, samples, -Infinity, Infinity, times, values, columns);
    builder.begin(times, values, 0, samples);
    const [chunk, ...more] = finish(builder);
    const wanted = bytes.slice();
    // What the chunk before had cannot be known here.
    if (!isFloatEncoding(encoding) && chunkCounterReset(encoding, wanted, 0) !== COUNTER_RESET.gauge) wanted[2] = 0;
    // 2.42 leaves a byte of zeros behind samples that fill their last byte exactly, which 3.x does not.
    const hasSpare = wanted.length === chunk.bytes.length + 1 && wanted.at(-1) === 0;
    assert.deepEqual(chunk.bytes, hasSpare ? wanted.subarray(0, -1) : wanted);
    assert.equal(chunk.encoding, encoding);
    assert.deepEqual(more, []);
    seen.add(encoding);
    memory.release(mark);
  }
  assert.deepEqual([...seen].toSorted(), [CHUNK_XOR, CHUNK_HISTOGRAM, CHUNK_FLOAT_HISTOGRAM]);
});
