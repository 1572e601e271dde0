import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {decodeXor, encodeXor} from '@narthex/kernels/xor.reference.ts';
import {encodeXor2} from '@narthex/kernels/xor2.reference.ts';
import {schemaOfRecord} from '@narthex/model/histogram/record.ts';
import {NORMAL_NAN_BITS, STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {ChunkDecoder} from './decoder.ts';
import {CHUNK_FLOAT_HISTOGRAM, CHUNK_HISTOGRAM, CHUNK_XOR, CHUNK_XOR2} from './encoding.ts';
import {ChunkError} from './errors.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {chunkSamples} from './header.ts';
import {prometheusChunks, TestColumns, withoutPrometheusFiles} from './testing.ts';

const memory = new KernelMemory({maximumBytes: 1 << 26});
const decoder = new ChunkDecoder(memory);

type Sample = ReturnType<TestColumns['samples']>[number];

/** Both ways to decode, which must agree. */
function decode(encoding: number, bytes: Uint8Array, samples: number, startMs = -Infinity, endMs = Infinity): Sample[] {
  const mark = memory.mark();
  try {
    const columns = new TestColumns(memory, samples);
    const {times, values} = columns;
    const kept = decoder.decodeBytes(encoding, bytes, 0, bytes.length, samples, startMs, endMs, times, values, columns);
    const found = columns.samples(kept);
    assert.ok(columns.isWhole);

    const again = new TestColumns(memory, samples);
    const scratch = memory.mark();
    const data = memory.alloc(bytes.length + 16);
    memory.u8.set(bytes, data);
    memory.release(scratch);
    decoder.decode(encoding, data, bytes.length, samples, startMs, endMs, again.times, again.values, again);
    // The records of histograms lie elsewhere this time.
    const plain = ({time, bits, start}: Sample) => ({time, start, high: bits >> 32n});
    assert.deepEqual(again.samples(kept).map(plain), found.map(plain));
    return found;
  } finally {
    memory.release(mark);
  }
}

const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0];

/** A chunk's worth of floats: times not quite regular, a start each. */
const floats = Array.from({length: 50}, (_, i) => ({
  time: BigInt(1000 + i * 15_000 + (i % 3)),
  bits: i === 20 ? STALE_NAN_BITS : bitsOf(i * 0.5),
  start: BigInt(1000 + i * 15_000 - 14_000),
}));
const asNumbers = (samples: typeof floats): Sample[] =>
  samples.map(({time, bits, start}) => ({time: Number(time), bits, start: Number(start)}));

test('an XOR chunk gives its samples and leaves starts alone', () => {
  const wanted = asNumbers(floats).map((sample) => ({...sample, start: 0}));
  assert.deepEqual(decode(CHUNK_XOR, encodeXor(floats), 50), wanted);
});

test('an XOR2 chunk gives its samples with starts', () => {
  assert.deepEqual(decode(CHUNK_XOR2, encodeXor2(floats), 50), asNumbers(floats));
});

test('only what lies in the range comes, both ends included, and not more than was asked for', () => {
  const start = Number(floats[10].time);
  const end = Number(floats[30].time);
  assert.deepEqual(decode(CHUNK_XOR2, encodeXor2(floats), 50, start, end), asNumbers(floats.slice(10, 31)));
  assert.deepEqual(decode(CHUNK_XOR2, encodeXor2(floats), 25, start, end), asNumbers(floats.slice(10, 25)));
});

test('floats that look like histograms come as plain NaN', () => {
  const odd = floats.map((sample, i) => (i % 7 === 0 ? {...sample, bits: 0x7ff00001_00000040n} : sample));
  for (const [encoding, bytes] of [
    [CHUNK_XOR, encodeXor(odd)],
    [CHUNK_XOR2, encodeXor2(odd)],
  ] as const) {
    const bits = decode(encoding, bytes, 50).map((sample) => sample.bits);
    assert.deepEqual(
      bits,
      floats.map((sample, i) => (i % 7 === 0 ? NORMAL_NAN_BITS : sample.bits)),
    );
  }
});

test('damaged and unknown chunks are errors', () => {
  const cut = encodeXor(floats).subarray(0, 40);
  assert.throws(() => decode(CHUNK_XOR, cut, 50), /the 40 bytes of an XOR chunk are not 50 samples/);
  assert.throws(() => decode(CHUNK_XOR2, encodeXor2(floats).subarray(0, 40), 50), ChunkError);
  assert.throws(() => decode(CHUNK_HISTOGRAM, Uint8Array.of(0), 1), ChunkError);
  assert.throws(() => decode(7, cut, 50), /a chunk has encoding 7, want 1 to 6/);
  assert.throws(() => decode(0, cut, 50), ChunkError);
  assert.throws(() => chunkSamples(9, cut, 0, 40), ChunkError);
  assert.throws(() => chunkSamples(CHUNK_XOR, cut, 0, 1), ChunkError);
});

test('float chunks that Prometheus wrote give what they hold', {skip: withoutPrometheusFiles()}, () => {
  let chunks = 0;
  for (const {encoding, bytes} of prometheusChunks()) {
    if (encoding !== CHUNK_XOR) continue;
    const samples = chunkSamples(encoding, bytes, 0, bytes.length);
    const wanted = decodeXor(bytes, samples).map(({time, bits}) => ({time: Number(time), bits, start: 0}));
    assert.deepEqual(decode(encoding, bytes, samples), wanted);
    chunks++;
  }
  assert.ok(chunks > 0);
});

test('histogram chunks that Prometheus wrote give records', {skip: withoutPrometheusFiles()}, () => {
  const seen = new Set<number>();
  for (const {encoding, bytes} of prometheusChunks()) {
    if (encoding !== CHUNK_HISTOGRAM && encoding !== CHUNK_FLOAT_HISTOGRAM) continue;
    seen.add(encoding);
    const samples = chunkSamples(encoding, bytes, 0, bytes.length);
    const found = decode(encoding, bytes, samples);
    assert.equal(found.length, samples);
    assert.ok(found.every(({time}, i) => i === 0 || time > found[i - 1].time));
    for (const {bits} of found) {
      if (bits === STALE_NAN_BITS) continue;
      assert.equal(Number(bits >> 32n), HISTOGRAM_HIGH);
      const schema = schemaOfRecord(memory, Number(bits & 0xffffffffn));
      assert.ok(schema === -53 || (schema >= -4 && schema <= 8));
    }
    // A reader of an older count finds the same samples.
    const times = found.map(({time}) => time);
    const fewer = decode(encoding, bytes, samples - 1).map(({time}) => time);
    assert.deepEqual(fewer, times.slice(0, -1));
  }
  assert.deepEqual([...seen].toSorted(), [CHUNK_HISTOGRAM, CHUNK_FLOAT_HISTOGRAM]);
});
