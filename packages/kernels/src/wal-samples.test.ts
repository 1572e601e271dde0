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

function encodeStarted(samples: readonly LoggedSample[]): Uint8Array {
  return memory.scoped(() => {
    const refs = memory.putDoubles(samples.map(({ref}) => Number(ref)));
    const times = memory.putDoubles(samples.map(({time}) => Number(time)));
    const values = memory.putLongs(samples.map(({bits}) => bits));
    const starts = memory.putDoubles(samples.map(({start}) => Number(start ?? 0n)));
    const target = memory.room(kernels.walSamplesMax(samples.length));
    const length = kernels.walEncodeStartedSamples(refs, times, values, starts, samples.length, target);
    return memory.bytes(target, length);
  });
}

/** The samples of a record and how many were left out; undefined when it is corrupt. */
function decode(
  record: Uint8Array,
  minTime = -Infinity,
): {samples: LoggedSample[]; beyond: number; old: number} | undefined {
  return memory.scoped(() => {
    const max = Math.floor(record.length / 10) + 1;
    const at = memory.put(record);
    const [refs, times, values, starts] = [0, 1, 2, 3].map(() => memory.room(max * 8));
    const left = memory.room(8);
    const count = kernels.walDecodeSamples(at, record.length, refs, times, values, starts, left, minTime) >>> 0;
    if (count === CORRUPT) return undefined;
    const samples = Array.from({length: count}, (_, i) => ({
      ref: BigInt(memory.f64[refs / 8 + i]),
      time: BigInt(memory.f64[times / 8 + i]),
      bits: memory.u64[values / 8 + i],
      start: record[0] === 11 ? BigInt(memory.f64[starts / 8 + i]) : 0n,
    }));
    const [beyond, old] = memory.words(left, 2);
    return {samples, beyond, old};
  });
}

const EXACT = 2n ** 53n - 1n;
const bits = fc.oneof(
  fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
  fc.constantFrom(0x7ff0000000000002n, 0x7ff0000100000001n),
);
const sampleOf = (limit: bigint) =>
  fc.record({
    ref: fc.oneof(fc.bigInt({min: 1n, max: 300n}), fc.bigInt({min: 0n, max: limit})),
    time: fc.oneof(fc.bigInt({min: 1_700_000_000_000n, max: 1_700_000_060_000n}), fc.bigInt({min: -limit, max: limit})),
    bits,
    start: fc.constantFrom(0n, 0n, 5n, 1_700_000_000_000n),
  });
const exact = fc.array(sampleOf(EXACT), {maxLength: 30});
/** Samples as a record of a type gives them back: the first form knows no start times, and no value looks like a histogram's cell. */
const decoded = (samples: readonly LoggedSample[], encodeBy: unknown) =>
  samples.map(({ref, time, bits: value, start}) => ({
    ref,
    time,
    bits: value >> 32n === 0x7ff00001n ? 0x7ff8000000000001n : value,
    start: encodeBy === encodeSamples2 ? start : 0n,
  }));

test('encodes as the reference does', () => {
  fc.assert(fc.property(exact, (samples) => assert.deepEqual(encode(samples), encodeSamples(samples))));
  fc.assert(fc.property(exact, (samples) => assert.deepEqual(encodeStarted(samples), encodeSamples2(samples))));
});

for (const [name, encodeBy] of Object.entries({'type 2': encodeSamples, 'type 11': encodeSamples2})) {
  test(`decodes what the reference encodes, ${name}`, () => {
    fc.assert(
      fc.property(exact, (samples) =>
        assert.deepEqual(decode(encodeBy(samples)), {samples: decoded(samples, encodeBy), beyond: 0, old: 0}),
      ),
    );
  });

  test(`leaves out and counts what no double holds, ${name}`, () => {
    fc.assert(
      fc.property(fc.array(sampleOf(2n ** 60n), {maxLength: 10}), (samples) => {
        const kept = samples.filter(({ref, time}) => ref <= EXACT && time <= EXACT && time >= -EXACT);
        const beyond = samples.length - kept.length;
        assert.deepEqual(decode(encodeBy(samples)), {samples: decoded(kept, encodeBy), beyond, old: 0});
      }),
    );
  });

  test(`leaves out and counts what is old, ${name}`, () => {
    fc.assert(
      fc.property(exact, (samples) => {
        const minTime = 1_700_000_030_000;
        const kept = samples.filter(({time}) => time >= BigInt(minTime));
        const old = samples.length - kept.length;
        assert.deepEqual(decode(encodeBy(samples), minTime), {samples: decoded(kept, encodeBy), beyond: 0, old});
      }),
    );
  });

  test(`a record cut short is corrupt or has fewer samples, ${name}`, () => {
    fc.assert(
      fc.property(fc.array(sampleOf(EXACT), {minLength: 1, maxLength: 4}), fc.nat(), (samples, cut) => {
        const whole = encodeBy(samples);
        const part = decode(whole.subarray(0, cut % whole.length));
        if (part === undefined) return;
        assert.ok(part.samples.length < samples.length);
        assert.deepEqual(part.samples, decoded(samples, encodeBy).slice(0, part.samples.length));
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
