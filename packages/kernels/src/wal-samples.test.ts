import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {CORRUPT} from '../layout/codes.ts';
import {TestMemory} from './testing.ts';
import {encodeSamples, encodeSamples2, type LoggedSample} from './wal-samples.reference.ts';

const memory = new TestMemory();
const {kernels} = memory;

function encode(samples: readonly LoggedSample[]): Uint8Array {
  return memory.scoped(() => {
    const refs = memory.putDoubles(samples.map(({ref}) => Number(ref)));
    const times = memory.putDoubles(samples.map(({time}) => Number(time)));
    const values = memory.putLongs(samples.map(({bits}) => bits));
    const target = memory.room(kernels.walSamplesMax(samples.length));
    return memory.bytes(target, kernels.walEncodeSamples(refs, times, values, samples.length, target));
  });
}

/** The samples of a record and how many were left out; undefined when it is corrupt. */
function decode(record: Uint8Array): {samples: LoggedSample[]; beyond: number} | undefined {
  return memory.scoped(() => {
    const max = Math.floor(record.length / 10) + 1;
    const at = memory.put(record);
    const [refs, times, values, beyond] = [
      memory.room(max * 8),
      memory.room(max * 8),
      memory.room(max * 8),
      memory.room(4),
    ];
    const count = kernels.walDecodeSamples(at, record.length, refs, times, values, beyond) >>> 0;
    if (count === CORRUPT) return undefined;
    const samples = Array.from({length: count}, (_, i) => ({
      ref: BigInt(memory.f64[refs / 8 + i]),
      time: BigInt(memory.f64[times / 8 + i]),
      bits: memory.u64[values / 8 + i],
    }));
    return {samples, beyond: memory.words(beyond, 1)[0]};
  });
}

const EXACT = 2n ** 53n - 1n;
const bits = fc.oneof(fc.bigInt({min: 0n, max: 2n ** 64n - 1n}), fc.constant(0x7ff0000000000002n));
const sampleOf = (limit: bigint) =>
  fc.record({
    ref: fc.oneof(fc.bigInt({min: 1n, max: 300n}), fc.bigInt({min: 0n, max: limit})),
    time: fc.oneof(fc.bigInt({min: 1_700_000_000_000n, max: 1_700_000_060_000n}), fc.bigInt({min: -limit, max: limit})),
    bits,
    start: fc.constantFrom(0n, 0n, 5n, 1_700_000_000_000n),
  });
const exact = fc.array(sampleOf(EXACT), {maxLength: 30});
const without = (samples: readonly LoggedSample[]) =>
  samples.map(({ref, time, bits: value}) => ({ref, time, bits: value}));

test('encodes as the reference does', () => {
  fc.assert(fc.property(exact, (samples) => assert.deepEqual(encode(samples), encodeSamples(samples))));
});

for (const [name, encodeBy] of Object.entries({'type 2': encodeSamples, 'type 11': encodeSamples2})) {
  test(`decodes what the reference encodes, ${name}`, () => {
    fc.assert(
      fc.property(exact, (samples) =>
        assert.deepEqual(decode(encodeBy(samples)), {samples: without(samples), beyond: 0}),
      ),
    );
  });

  test(`leaves out and counts what no double holds, ${name}`, () => {
    fc.assert(
      fc.property(fc.array(sampleOf(2n ** 60n), {maxLength: 10}), (samples) => {
        const kept = samples.filter(({ref, time}) => ref <= EXACT && time <= EXACT && time >= -EXACT);
        assert.deepEqual(decode(encodeBy(samples)), {samples: without(kept), beyond: samples.length - kept.length});
      }),
    );
  });

  test(`a record cut short is corrupt or has fewer samples, ${name}`, () => {
    fc.assert(
      fc.property(fc.array(sampleOf(EXACT), {minLength: 1, maxLength: 4}), fc.nat(), (samples, cut) => {
        const whole = encodeBy(samples);
        const decoded = decode(whole.subarray(0, cut % whole.length));
        if (decoded === undefined) return;
        assert.ok(decoded.samples.length < samples.length);
        assert.deepEqual(decoded.samples, without(samples).slice(0, decoded.samples.length));
      }),
    );
  });
}

test('any bytes are decoded within bounds or called corrupt', () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 11), fc.uint8Array({maxLength: 80}), (type, bytes) => {
      decode(Uint8Array.of(type, ...bytes));
    }),
    {numRuns: 1000},
  );
});

test('other records are no samples', () => {
  for (const type of [0, 1, 3, 6, 255]) assert.equal(decode(Uint8Array.of(type, 0, 0)), undefined);
  assert.equal(decode(new Uint8Array()), undefined);
});
