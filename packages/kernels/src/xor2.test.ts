import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {CORRUPT} from '../layout/codes.ts';
import {OPEN_DATA, OPEN_ENCODING, XOR_COUNT, XOR_PADDING} from '../layout/xor-chunk.ts';
import {XOR2_DATA, XOR2_OVERHEAD, XOR2_SAMPLE_BYTES_MAX, XOR2_START_BYTE} from '../layout/xor2-chunk.ts';
import {TestMemory, bitsOf} from './testing.ts';
import {decodeXor2, encodeXor2, type StartedSample} from './xor2.reference.ts';

const memory = new TestMemory();
const {kernels} = memory;

interface Columns {
  readonly times: number;
  readonly values: number;
  readonly starts: number;
}

const put = (samples: readonly StartedSample[]): Columns => ({
  times: memory.putDoubles(samples.map((sample) => Number(sample.time))),
  values: memory.putLongs(samples.map((sample) => sample.bits)),
  starts: memory.putDoubles(samples.map((sample) => Number(sample.start))),
});

const append = (chunk: number, {times, values, starts}: Columns, from: number, count: number): number =>
  kernels.xor2AppendMany(chunk, times + from * 8, values + from * 8, starts + from * 8, count);

/** A chunk filled with rubbish before, so that nothing relies on zeros. */
function emptyChunk(capacity: number): number {
  const chunk = memory.room(capacity + XOR2_OVERHEAD);
  kernels.xor2Init(chunk, capacity);
  return chunk;
}

const encodedBytes = (chunk: number): Uint8Array => memory.bytes(chunk + XOR2_DATA, kernels.xor2Bytes(chunk));

const roomy = (samples: readonly StartedSample[]): number => (samples.length + 1) * XOR2_SAMPLE_BYTES_MAX + 32;

function encode(samples: readonly StartedSample[]): Uint8Array {
  return memory.scoped(() => {
    const chunk = emptyChunk(roomy(samples));
    assert.equal(append(chunk, put(samples), 0, samples.length), samples.length);
    return encodedBytes(chunk);
  });
}

/** The samples that the kernel decodes, or undefined for corrupt data. */
function decode(bytes: Uint8Array, count: number, start = -Infinity, end = Infinity): StartedSample[] | undefined {
  return memory.scoped(() => {
    const [times, values, starts] = [memory.room(count * 8), memory.room(count * 8), memory.room(count * 8)];
    const data = memory.alloc(bytes.length + XOR_PADDING);
    memory.u8.set(bytes, data);
    memory.u8.fill(0xff, data + bytes.length, data + bytes.length + XOR_PADDING);
    const kept = kernels.xor2Decode(data, bytes.length, count, start, end, times, values, starts) >>> 0;
    if (kept === CORRUPT) return undefined;
    assert.ok(kept <= count);
    // Readers fill starts with zeros before: what is not kept must not show in them.
    assert.ok(memory.bytes(starts + kept * 8, (count - kept) * 8).every((byte) => byte === 0xa5));
    return Array.from({length: kept}, (_, i) => ({
      time: BigInt(memory.f64[times / 8 + i]),
      bits: memory.u64[values / 8 + i],
      start: BigInt(memory.f64[starts / 8 + i]),
    }));
  });
}

const STALE = 0x7ff0000000000002n;
const LIMIT = 2n ** 53n - 1n;

const step = fc.oneof(
  {weight: 8, arbitrary: fc.constant(15_000n)},
  {weight: 4, arbitrary: fc.bigInt({min: 0n, max: 30_000n})},
  {
    weight: 2,
    arbitrary: fc.constantFrom(0n, 10_904n, 10_905n, 19_095n, 19_096n, 524_287n, 524_288n, 539_287n, 539_288n),
  },
  {weight: 1, arbitrary: fc.bigInt({min: 0n, max: 2n ** 44n})},
);
const bits = fc.oneof(
  fc.constantFrom(0n, STALE, bitsOf(1), bitsOf(-1), 1n, 2n ** 64n - 1n, bitsOf(Infinity), 0x7ff8000000000001n),
  fc.integer({min: 0, max: 1000}).map(bitsOf),
  fc.double().map(bitsOf),
  fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
);
/** How a start comes to be: as the one before, a distance before the time of the sample before, or unknown. */
const start = fc.oneof(
  {weight: 4, arbitrary: fc.constant('same' as const)},
  {weight: 4, arbitrary: fc.bigInt({min: -300n, max: 300n})},
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      4n,
      -3n,
      5n,
      -4n,
      32n,
      -31n,
      33n,
      256n,
      257n,
      2048n,
      2049n,
      131072n,
      131073n,
      -16777215n,
    ),
  },
  {weight: 1, arbitrary: fc.bigInt({min: -(2n ** 40n), max: 2n ** 40n})},
  {weight: 1, arbitrary: fc.constant('none' as const)},
);

/** Ascending times, some steps of each class; values of all kinds, runs of the same among them; starts of all kinds. */
const seriesOf = (startsMax: number, maxLength: number): fc.Arbitrary<StartedSample[]> =>
  fc
    .tuple(
      fc.bigInt({min: -(2n ** 50n), max: 2n ** 50n}),
      fc.nat(startsMax),
      fc.boolean(),
      fc.array(fc.record({step, bits, again: fc.boolean(), start}), {minLength: 1, maxLength}),
    )
    .map(([first, startsFrom, known, steps]) => {
      let at = first;
      let value = 0n;
      let began = known ? first - 1000n : 0n;
      return steps.map((each, i): StartedSample => {
        const before = at;
        at += each.step;
        value = each.again ? value : each.bits;
        if (i >= startsFrom && each.start !== 'same') began = each.start === 'none' ? 0n : before - each.start;
        return {time: at, bits: value, start: began};
      });
    });

const samples = fc.oneof(seriesOf(60, 60), seriesOf(1000, 60), seriesOf(150, 180));

test('appended chunks have the bytes of the reference', () => {
  fc.assert(
    fc.property(samples, (list) => assert.deepEqual(encode(list), encodeXor2(list))),
    {numRuns: 300},
  );
});

test('samples that all come as expected take a bit each', () => {
  const list = Array.from({length: 120}, (_, i) => ({time: BigInt(i) * 15_000n, bits: bitsOf(1), start: 0n}));
  // Count and byte 3, time 1, value 8, delta 2, one bit for each other value.
  assert.equal(encode(list).length, 14 + Math.ceil(119 / 8));
});

test('the bytes of a chunk worked out by hand', () => {
  const list: StartedSample[] = [
    {time: 1000n, bits: bitsOf(1), start: 500n},
    {time: 2000n, bits: bitsOf(1), start: 500n},
    // As expected, stale.
    {time: 3000n, bits: STALE, start: 500n},
    // A second too late, the value from before the marker, and the first start that changes: 3000 - 2900.
    {time: 5000n, bits: bitsOf(1), start: 2900n},
    // A second too early, the distance one more: 5000 - 4899.
    {time: 6000n, bits: bitsOf(1), start: 4899n},
  ];
  const head = '0000000000000101 10000011 1101000000001111 0011111111110000'.replaceAll(' ', '');
  const one = '0'.repeat(48);
  const second = '11101000 00000111 0'.replaceAll(' ', '');
  const later = '11111 110 0001111101000 0 1110 001100100 110 1110000011000 0 10 001'.replaceAll(' ', '');
  const text = `${head}${one}1110100000000111${second}${later}`;
  const wanted = (text + '0'.repeat(7)).match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
  assert.deepEqual([...encode(list)], wanted);
  assert.deepEqual([...encodeXor2(list)], wanted);
});

test('a decoded chunk has the samples that went in', () => {
  fc.assert(
    fc.property(samples, (list) => assert.deepEqual(decode(encodeXor2(list), list.length), list)),
    {numRuns: 300},
  );
});

test('decoding without starts gives the same times and values', () => {
  fc.assert(
    fc.property(samples, (list) =>
      memory.scoped(() => {
        const bytes = encodeXor2(list);
        const [times, values] = [memory.room(list.length * 8), memory.room(list.length * 8)];
        const data = memory.put(bytes);
        const kept = kernels.xor2Decode(data, bytes.length, list.length, -Infinity, Infinity, times, values, 0);
        assert.equal(kept, list.length);
        assert.deepEqual(
          memory.doubles(times, kept).map(BigInt),
          list.map(({time}) => time),
        );
        assert.deepEqual(
          [...memory.u64.subarray(values / 8, values / 8 + kept)],
          list.map(({bits: value}) => value),
        );
      }),
    ),
  );
});

test('decoding keeps the samples of the range, both ends included', () => {
  fc.assert(
    fc.property(samples, fc.nat(179), fc.nat(179), fc.constantFrom(0, 1), (list, a, b, off) => {
      const from = Number(list[a % list.length].time) + off;
      const to = Number(list[b % list.length].time) - off;
      const wanted = list.filter((sample) => Number(sample.time) >= from && Number(sample.time) <= to);
      assert.deepEqual(decode(encodeXor2(list), list.length, from, to), wanted);
    }),
  );
});

test('an older count decodes the first samples, whatever the byte about starts became since', () => {
  fc.assert(
    fc.property(samples, fc.nat(180), (list, count) => {
      const wanted = list.slice(0, count);
      assert.deepEqual(decode(encodeXor2(list), wanted.length), wanted);
    }),
    {numRuns: 300},
  );
});

const reference = (bytes: Uint8Array, count: number): StartedSample[] | undefined => {
  try {
    return decodeXor2(bytes, count);
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return undefined;
  }
};

/** What fits a double, as the kernel hands times over. */
const rounded = (list: StartedSample[] | undefined) =>
  list?.map(({time, bits: value, start: began}) => ({
    time: BigInt(Number(time)),
    bits: value,
    start: BigInt(Number(began)),
  }));

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
      const whole = encodeXor2(list);
      whole[at % whole.length] ^= flip;
      const bytes = whole.subarray(0, whole.length - (cut % 4 === 0 ? cut % whole.length : 0));
      assert.deepEqual(decode(bytes, list.length), rounded(reference(bytes, list.length)));
    }),
    {numRuns: 1000},
  );
});

test('a full chunk refuses a sample, stays as it was, and goes on in a larger copy', () => {
  fc.assert(
    fc.property(samples, fc.integer({min: 3, max: 400}), (list, capacity) =>
      memory.scoped(() => {
        const small = emptyChunk(capacity);
        const columns = put(list);
        const fitting = append(small, columns, 0, list.length);
        const before = memory.bytes(small, XOR2_DATA + kernels.xor2Bytes(small));
        assert.equal(append(small, columns, fitting, fitting < list.length ? 1 : 0), 0);
        assert.deepEqual(memory.bytes(small, before.length), before);
        assert.equal(memory.u32[(small + XOR_COUNT) / 4], fitting);
        assert.deepEqual(encodedBytes(small), encodeXor2(list.slice(0, fitting)));
        if (fitting < list.length) assert.ok(encodeXor2(list.slice(0, fitting + 1)).length > capacity - 19);

        const large = memory.room(capacity + roomy(list) + XOR2_OVERHEAD);
        kernels.xor2Copy(small, large, capacity + roomy(list));
        assert.equal(append(large, columns, fitting, list.length - fitting), list.length - fitting);
        assert.deepEqual(encodedBytes(large), encodeXor2(list));
      }),
    ),
  );
});

test('appending leaves the bits of published samples as they are, but for the byte about starts', () => {
  fc.assert(
    fc.property(samples, (list) =>
      memory.scoped(() => {
        const chunk = emptyChunk(roomy(list));
        const columns = put(list);
        let bits = '';
        for (let i = 0; i < list.length; i++) {
          assert.equal(append(chunk, columns, i, 1), 1);
          const data = encodedBytes(chunk);
          const now = [...data.subarray(XOR2_START_BYTE + 1)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
          const length = memory.u32[chunk / 4 + 2] - 24;
          assert.ok(now.startsWith(bits));
          bits = now.slice(0, length);
        }
      }),
    ),
    {numRuns: 30},
  );
});

test('without an address all starts are unknown', () =>
  memory.scoped(() => {
    const list = Array.from({length: 200}, (_, i) => ({time: BigInt(i * i), bits: bitsOf(i), start: 0n}));
    const chunk = emptyChunk(roomy(list));
    const {times, values} = put(list);
    assert.equal(kernels.xor2AppendMany(chunk, times, values, 0, 200), 200);
    assert.deepEqual(encodedBytes(chunk), encodeXor2(list));
  }));

test('a new chunk says what it is', () =>
  memory.scoped(() => {
    const chunk = emptyChunk(100);
    assert.equal(memory.u8[chunk + OPEN_ENCODING], 4);
    assert.equal(memory.u8[chunk + OPEN_DATA], XOR2_DATA);
  }));

test('times at the edge of what numbers hold exactly', () => {
  const list = [-LIMIT, 0n, LIMIT].map((time) => ({time, bits: bitsOf(2), start: -LIMIT}));
  assert.deepEqual(encode(list), encodeXor2(list));
  assert.deepEqual(decode(encode(list), 3), list);
});

test('a chunk ends at 65535 samples', () =>
  memory.scoped(() => {
    const list = Array.from({length: 65536}, (_, i): StartedSample => ({time: BigInt(i), bits: 0n, start: 0n}));
    const chunk = emptyChunk(1 << 18);
    assert.equal(append(chunk, put(list), 0, list.length), 65535);
    assert.deepEqual(encodedBytes(chunk).subarray(0, 2), Uint8Array.of(0xff, 0xff));
  }));
