import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {CORRUPT} from '../layout/codes.ts';
import {XOR_COUNT, XOR_DATA, XOR_OVERHEAD, XOR_PADDING} from '../layout/xor-chunk.ts';
import {TestMemory, bitsOf} from './testing.ts';
import {decodeXor, encodeXor, type FloatSample} from './xor.reference.ts';

const memory = new TestMemory();

function put(samples: readonly FloatSample[]): {times: number; values: number} {
  const times = memory.putDoubles(samples.map((sample) => Number(sample.time)));
  return {times, values: memory.putLongs(samples.map((sample) => sample.bits))};
}

/** A chunk filled with rubbish before, so that nothing relies on zeros. */
function emptyChunk(capacity: number): number {
  const chunk = memory.room(capacity + XOR_OVERHEAD);
  memory.kernels.xorInit(chunk, capacity);
  return chunk;
}

const encodedBytes = (chunk: number): Uint8Array => memory.bytes(chunk + XOR_DATA, memory.kernels.xorBytes(chunk));

function encode(samples: readonly FloatSample[], capacity = samples.length * 20 + 20): Uint8Array {
  return memory.scoped(() => {
    const chunk = emptyChunk(capacity);
    const {times, values} = put(samples);
    assert.equal(memory.kernels.xorAppendMany(chunk, times, values, samples.length), samples.length);
    return encodedBytes(chunk);
  });
}

/** The samples that the kernel decodes, or undefined for corrupt data. */
function decode(bytes: Uint8Array, count: number, start = -Infinity, end = Infinity): FloatSample[] | undefined {
  return memory.scoped(() => {
    const times = memory.room(count * 8);
    const values = memory.room(count * 8);
    const data = memory.alloc(bytes.length + XOR_PADDING);
    memory.u8.set(bytes, data);
    memory.u8.fill(0xff, data + bytes.length, data + bytes.length + XOR_PADDING);
    const kept = memory.kernels.xorDecode(data, bytes.length, count, start, end, times, values) >>> 0;
    if (kept === CORRUPT) return undefined;
    assert.ok(kept <= count);
    return Array.from({length: kept}, (_, i) => ({
      time: BigInt(memory.f64[times / 8 + i]),
      bits: memory.u64[values / 8 + i],
    }));
  });
}

const STALE = 0x7ff0000000000002n;

const LIMIT = 2n ** 53n - 1n;
const time = fc.oneof(
  {weight: 5, arbitrary: fc.bigInt({min: 0n, max: 30_000n})},
  {weight: 1, arbitrary: fc.constantFrom(0n, 8191n, 8192n, 8193n, 65535n, 65536n, 65537n, 524287n, 524288n, 524289n)},
  {weight: 1, arbitrary: fc.bigInt({min: 0n, max: 2n ** 44n})},
);
const bits = fc.oneof(
  fc.constantFrom(0n, STALE, bitsOf(1), bitsOf(-1), 1n, 2n ** 64n - 1n, bitsOf(Infinity), 0x7ff8000000000001n),
  fc.integer({min: 0, max: 1000}).map(bitsOf),
  fc.double().map(bitsOf),
  fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
);
/** Ascending times, some steps of each class; values of all kinds, runs of the same among them. */
const samples = fc
  .tuple(
    fc.bigInt({min: -LIMIT, max: 2n ** 50n}),
    fc.array(fc.record({step: time, bits, again: fc.boolean()}), {minLength: 1, maxLength: 60}),
  )
  .map(([first, steps]) => {
    let at = first;
    let last = 0n;
    return steps.map(({step, bits: value, again}): FloatSample => {
      at += step;
      last = again ? last : value;
      return {time: at, bits: last};
    });
  });

test('appended chunks have the bytes of the reference', () => {
  fc.assert(fc.property(samples, (list) => assert.deepEqual(encode(list), encodeXor(list))));
});

test('a decoded chunk has the samples that went in', () => {
  fc.assert(fc.property(samples, (list) => assert.deepEqual(decode(encodeXor(list), list.length), list)));
});

test('decoding keeps the samples of the range, both ends included', () => {
  fc.assert(
    fc.property(samples, fc.nat(59), fc.nat(59), fc.constantFrom(0, 1), (list, a, b, off) => {
      const start = Number(list[a % list.length].time) + off;
      const end = Number(list[b % list.length].time) - off;
      const wanted = list.filter((sample) => Number(sample.time) >= start && Number(sample.time) <= end);
      assert.deepEqual(decode(encodeXor(list), list.length, start, end), wanted);
    }),
  );
});

test('a shorter count decodes the first samples', () => {
  fc.assert(
    fc.property(samples, fc.nat(60), (list, count) => {
      const wanted = list.slice(0, count);
      assert.deepEqual(decode(encodeXor(list), wanted.length), wanted);
    }),
  );
});

const reference = (bytes: Uint8Array, count: number): FloatSample[] | undefined => {
  try {
    return decodeXor(bytes, count);
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return undefined;
  }
};

/** What fits a double, as the kernel hands times over; and the range check that stops at an infinite end never stops. */
const rounded = (list: FloatSample[] | undefined) =>
  list?.map(({time: t, bits: value}) => ({time: BigInt(Number(t)), bits: value}));

test('any bytes decode as the reference does, or are called corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 80}), fc.nat(100), (bytes, count) => {
      assert.deepEqual(decode(bytes, count), rounded(reference(bytes, count)));
    }),
    {numRuns: 2000},
  );
});

test('a chunk with changed bits or cut short decodes as the reference does', () => {
  fc.assert(
    fc.property(samples, fc.nat(), fc.nat(255), fc.nat(), (list, at, flip, cut) => {
      const whole = encodeXor(list);
      whole[at % whole.length] ^= flip;
      const bytes = whole.subarray(0, whole.length - (cut % 4 === 0 ? cut % whole.length : 0));
      assert.deepEqual(decode(bytes, list.length), rounded(reference(bytes, list.length)));
    }),
    {numRuns: 1000},
  );
});

test('a full chunk refuses a sample, stays as it was, and goes on in a larger copy', () => {
  fc.assert(
    fc.property(samples, fc.integer({min: 2, max: 200}), (list, capacity) =>
      memory.scoped(() => {
        const small = emptyChunk(capacity);
        const {times, values} = put(list);
        const fitting = memory.kernels.xorAppendMany(small, times, values, list.length);
        assert.equal(memory.u32[(small + XOR_COUNT) / 4], fitting);
        assert.deepEqual(encodedBytes(small), encodeXor(list.slice(0, fitting)));
        if (fitting < list.length) assert.ok(encodeXor(list.slice(0, fitting + 1)).length > capacity - 10);

        const large = memory.room(capacity + list.length * 20 + XOR_OVERHEAD);
        memory.kernels.xorCopy(small, large, capacity + list.length * 20);
        const rest = list.length - fitting;
        assert.equal(memory.kernels.xorAppendMany(large, times + fitting * 8, values + fitting * 8, rest), rest);
        assert.deepEqual(encodedBytes(large), encodeXor(list));
      }),
    ),
  );
});

test('appending leaves the bits of published samples as they are', () => {
  fc.assert(
    fc.property(samples, (list) =>
      memory.scoped(() => {
        const chunk = emptyChunk(list.length * 20 + 20);
        const {times, values} = put(list);
        for (let i = 0; i < list.length; i++) {
          assert.equal(memory.kernels.xorAppendMany(chunk, times + i * 8, values + i * 8, 1), 1);
          assert.deepEqual(decode(encodedBytes(chunk), i + 1), list.slice(0, i + 1));
        }
      }),
    ),
    {numRuns: 20},
  );
});

test('a chunk ends at 65535 samples', () =>
  memory.scoped(() => {
    const list = Array.from({length: 65536}, (_, i): FloatSample => ({time: BigInt(i), bits: 0n}));
    const chunk = emptyChunk(1 << 18);
    const {times, values} = put(list);
    assert.equal(memory.kernels.xorAppendMany(chunk, times, values, list.length), 65535);
    assert.deepEqual(encodedBytes(chunk).subarray(0, 2), Uint8Array.of(0xff, 0xff));
  }));
