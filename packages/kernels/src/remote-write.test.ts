import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {CORRUPT} from '../layout/codes.ts';
import * as layout from '../layout/remote-write.ts';
import {decodeWriteRequest, encodeWriteRequest, seriesBytes, type WriteRequest} from './remote-write.reference.ts';
import {bitsOf, TestMemory} from './testing.ts';

const memory = new TestMemory();
const {kernels} = memory;
const LABELS_MAX = 16;
const KNOWN_MAX = 512;

type Staged = [slot: number, time: bigint, bits: bigint];

/** A caller as the kernels want one: it gives the series slots from 1 in the order of their first coming. */
class Receiver {
  readonly slots = new Map<string, number>();
  readonly staged: Staged[] = [];
  readonly stops: number[] = [];
  readonly #state = memory.alloc(layout.WRITE_STATE_BYTES);
  readonly #key = memory.alloc(layout.KEY_BYTES);
  readonly #table = memory.alloc(KNOWN_MAX * layout.KNOWN_BYTES);
  #knownMax = 4;
  #known = 0;

  constructor() {
    for (let i = 0; i < layout.KEY_BYTES; i++) memory.u8[this.#key + i] = Math.imul(i, 0x9e3779b1) >>> 24;
    memory.u8.fill(0, this.#table, this.#table + KNOWN_MAX * layout.KNOWN_BYTES);
  }

  field(name: number): number {
    return memory.u32[(this.#state + name) / 4];
  }

  #set(name: number, value: number): void {
    memory.u32[(this.#state + name) / 4] = value;
  }

  /** Takes a request; false when it is corrupt. `capacity` limits what is staged at once. */
  receive(body: Uint8Array, capacity?: number): boolean {
    const at = memory.put(body);
    memory.u8.fill(0, this.#state, this.#state + layout.WRITE_STATE_BYTES);
    this.#set(layout.WRITE_POSITION, at);
    this.#set(layout.WRITE_END, at + body.length);
    if (kernels.remoteWriteCheck(this.#state) !== layout.WRITE_DONE) return false;
    const room = capacity ?? this.field(layout.WRITE_SAMPLE_COUNT);
    this.#set(layout.WRITE_SLOTS, memory.room(room * 4));
    this.#set(layout.WRITE_TIMES, memory.room(room * 8));
    this.#set(layout.WRITE_VALUES, memory.room(room * 8));
    this.#set(layout.WRITE_CAPACITY, room);
    this.#set(layout.WRITE_KEY, this.#key);
    this.#set(layout.WRITE_SEED, 0x12345678);
    for (let name = layout.WRITE_SERIES_COUNT; name <= layout.WRITE_DROPPED_COUNT; name += 4) this.#set(name, 0);
    for (;;) {
      this.#set(layout.WRITE_TABLE, this.#table);
      this.#set(layout.WRITE_MASK, this.#knownMax - 1);
      const reason = kernels.remoteWrite(this.#state);
      if (reason === layout.WRITE_DONE || reason === layout.WRITE_FULL) this.#flush();
      if (reason === layout.WRITE_DONE) return true;
      this.stops.push(reason);
      if (reason === layout.WRITE_CORRUPT) return false;
      if (reason === layout.WRITE_UNKNOWN) {
        if (!this.#resolve()) return false;
      } else if (reason === layout.WRITE_IRREGULAR || reason === layout.WRITE_TIME) {
        this.#set(layout.WRITE_POSITION, this.field(layout.WRITE_SERIES_END));
      }
    }
  }

  #flush(): void {
    const staged = this.field(layout.WRITE_STAGED);
    const [slots, times, values] = [layout.WRITE_SLOTS, layout.WRITE_TIMES, layout.WRITE_VALUES].map((name) =>
      this.field(name),
    );
    for (let i = 0; i < staged; i++) {
      this.staged.push([memory.u32[slots / 4 + i], BigInt(memory.f64[times / 8 + i]), memory.u64[values / 8 + i]]);
    }
    this.#set(layout.WRITE_STAGED, 0);
  }

  #resolve(): boolean {
    const labels = this.labels(this.field(layout.WRITE_SERIES), this.field(layout.WRITE_SERIES_END));
    if (labels === undefined) return false;
    const key = JSON.stringify(labels);
    const slot = labels[0][1] === 'dropped' ? layout.KNOWN_DROPPED : (this.slots.get(key) ?? this.slots.size + 1);
    if (slot !== layout.KNOWN_DROPPED) this.slots.set(key, slot);
    if (++this.#known * 2 > this.#knownMax) {
      assert.ok(this.#knownMax < KNOWN_MAX);
      kernels.growKnown(this.#table, this.#knownMax - 1, 2 * this.#knownMax - 1);
      this.#knownMax *= 2;
      this.#set(layout.WRITE_MASK, this.#knownMax - 1);
    }
    kernels.rememberSeries(this.#state, slot);
    return true;
  }

  labels(begin: number, end: number): [string, string][] | undefined {
    const out = memory.room(LABELS_MAX * 16);
    const count = kernels.labelRanges(begin, end, out, LABELS_MAX) >>> 0;
    if (count === CORRUPT) return undefined;
    const decode = (from: number, to: number): string =>
      new TextDecoder('utf-8', {ignoreBOM: true}).decode(memory.bytes(from, to - from));
    return Array.from({length: count}, (_, i) => {
      const [nameBegin, nameEnd, valueBegin, valueEnd] = memory.words(out + 16 * i, 4);
      return [decode(nameBegin, nameEnd), decode(valueBegin, valueEnd)];
    });
  }
}

const EXACT = 2n ** 53n - 1n;
const text = fc.string({maxLength: 12, unit: fc.constantFrom('a', 'b', 'ü', '😀', '_')});
const label = fc.tuple(
  text,
  fc.oneof({weight: 8, arbitrary: text}, {weight: 1, arbitrary: fc.constant('x'.repeat(200))}),
);
const sample = fc.record({
  time: fc.oneof(
    fc.bigInt({min: 0n, max: 2n ** 41n}),
    fc.bigInt({min: -EXACT, max: EXACT}),
    fc.constantFrom(0n, EXACT, -EXACT),
  ),
  bits: fc.oneof(fc.bigInt({min: 0n, max: 2n ** 64n - 1n}), fc.constantFrom(0n, 0x7ff0000000000002n)),
});
const labelSets = fc.array(fc.array(label, {minLength: 1, maxLength: 6}), {minLength: 1, maxLength: 6});
const request = labelSets.chain((sets) =>
  fc.record({
    series: fc.array(
      fc.record({
        labels: fc.constantFrom(...sets),
        samples: fc.array(sample, {maxLength: 4}),
        exemplars: fc.constantFrom(0, 0, 0, 1),
        histograms: fc.constantFrom(0, 0, 0, 2),
      }),
      {maxLength: 8},
    ),
    metadata: fc.nat(2),
  }),
);

/** What a receiver should have staged and counted. */
function wanted({series, metadata}: WriteRequest) {
  const slots = new Map<string, number>();
  const staged: Staged[] = [];
  const sum = (of: (one: WriteRequest['series'][number]) => number) =>
    series.reduce((total, one) => total + of(one), 0);
  for (const {labels, samples} of series) {
    if (labels[0][1] === 'dropped') continue;
    const key = JSON.stringify(labels);
    if (!slots.has(key)) slots.set(key, slots.size + 1);
    for (const {time, bits} of samples) staged.push([slots.get(key)!, time, bits]);
  }
  const counters = [
    series.length,
    sum((one) => one.samples.length),
    sum((one) => one.exemplars),
    sum((one) => one.histograms),
    metadata,
  ];
  return {staged, counters};
}

const counters = (receiver: Receiver): number[] =>
  [
    layout.WRITE_SERIES_COUNT,
    layout.WRITE_SAMPLE_COUNT,
    layout.WRITE_EXEMPLAR_COUNT,
    layout.WRITE_HISTOGRAM_COUNT,
    layout.WRITE_METADATA_COUNT,
  ].map((name) => receiver.field(name));

test('stages every sample of every series', () => {
  fc.assert(
    fc.property(request, (message) =>
      memory.scoped(() => {
        const receiver = new Receiver();
        assert.ok(receiver.receive(encodeWriteRequest(message)));
        assert.deepEqual({staged: receiver.staged, counters: counters(receiver)}, wanted(message));
      }),
    ),
    {numRuns: 300},
  );
});

test('finds what it has seen before, without a stop', () => {
  fc.assert(
    fc.property(request, (message) =>
      memory.scoped(() => {
        const receiver = new Receiver();
        const body = encodeWriteRequest(message);
        receiver.receive(body);
        const known = receiver.stops.length;
        receiver.staged.length = 0;
        assert.ok(receiver.receive(body));
        assert.deepEqual(receiver.staged, wanted(message).staged);
        assert.ok(receiver.stops.slice(known).every((reason) => reason === layout.WRITE_MORE));
      }),
    ),
  );
});

test('goes on where there was no room', () => {
  fc.assert(
    fc.property(request, fc.integer({min: 4, max: 9}), (message, capacity) =>
      memory.scoped(() => {
        const receiver = new Receiver();
        assert.ok(receiver.receive(encodeWriteRequest(message), capacity));
        assert.deepEqual({staged: receiver.staged, counters: counters(receiver)}, wanted(message));
      }),
    ),
  );
});

function referenceOf(body: Uint8Array): WriteRequest | undefined {
  try {
    return decodeWriteRequest(body);
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return undefined;
  }
}

const regular = (message: WriteRequest): boolean =>
  message.series.every(
    ({labels, samples}) =>
      labels.length > 0 && labels.length <= LABELS_MAX && samples.every(({time}) => time >= -EXACT && time <= EXACT),
  );

/** Takes `body` and checks the outcome against the reference, where the kernels did not leave a whole series to the caller. */
function compare(body: Uint8Array): void {
  const read = referenceOf(body);
  memory.scoped(() => {
    const receiver = new Receiver();
    const accepted = receiver.receive(body);
    if (receiver.stops.some((reason) => reason === layout.WRITE_IRREGULAR || reason === layout.WRITE_TIME)) return;
    if (read === undefined) assert.ok(!accepted);
    else if (regular(read)) {
      assert.ok(accepted);
      assert.deepEqual(receiver.staged, wanted(read).staged);
    }
  });
}

test('a damaged request is staged as the reference reads it, or refused', () => {
  fc.assert(
    fc.property(request, fc.nat(), fc.integer({min: 1, max: 255}), (message, at, flip) => {
      const body = encodeWriteRequest(message);
      if (body.length > 0) body[at % body.length] ^= flip;
      compare(body);
    }),
    {numRuns: 1000},
  );
});

test('any bytes are taken as the reference takes them, or refused', () => {
  const byte = fc.constantFrom(0, 1, 2, 8, 9, 10, 16, 18, 26, 128, 255);
  const body = fc.array(byte, {maxLength: 30});
  const inSeries = body.map((bytes) => [10, bytes.length, ...bytes]);
  fc.assert(
    fc.property(fc.oneof(body, inSeries), (bytes) => compare(Uint8Array.from(bytes))),
    {numRuns: 2000},
  );
});

const labels: [string, string][] = [['__name__', 'up']];
const series = (changes: Partial<WriteRequest['series'][number]>): Uint8Array =>
  encodeWriteRequest({series: [{labels, samples: [], exemplars: 0, histograms: 0, ...changes}], metadata: 0});
const sampleAt = (time: bigint) => ({time, bits: bitsOf(1)});
/** A request with one series of these bytes. */
const wrap = (...content: number[]): Uint8Array => Uint8Array.of(10, content.length, ...content);
const regularBytes = seriesBytes({labels, samples: [], exemplars: 0, histograms: 0});

const {WRITE_IRREGULAR: IRREGULAR, WRITE_MORE: MORE, WRITE_TIME: TIME, WRITE_UNKNOWN: UNKNOWN} = layout;
const stops: [name: string, body: Uint8Array, stops: number[]][] = [
  ['nothing', new Uint8Array(), []],
  ['a series', series({samples: [sampleAt(5n)]}), [UNKNOWN]],
  ['a histogram', series({histograms: 1}), [UNKNOWN, MORE]],
  ['an exemplar', series({exemplars: 1}), [UNKNOWN, MORE]],
  ['no labels', series({labels: []}), [IRREGULAR]],
  ['a label behind a sample', wrap(...regularBytes, 18, 0, ...regularBytes), [UNKNOWN, IRREGULAR]],
  ['a time beyond what a double holds', series({samples: [sampleAt(2n ** 53n)]}), [UNKNOWN, TIME]],
  ['the earliest time', series({samples: [sampleAt(-(2n ** 63n))]}), [UNKNOWN, TIME]],
  ['a field from the future', wrap(...regularBytes, 0xfa, 1, 1, 7), [UNKNOWN]],
];
for (const [name, body, want] of stops) {
  test(`stops for: ${name}`, () =>
    memory.scoped(() => {
      const receiver = new Receiver();
      assert.ok(receiver.receive(body));
      assert.deepEqual(receiver.stops, want);
    }));
}

const corrupt: [name: string, body: Uint8Array][] = [
  ['a series cut short', series({}).subarray(0, -1)],
  ['a length of 2^63', Uint8Array.of(10, 255, 255, 255, 255, 255, 255, 255, 255, 127, 0)],
  ['a varint without end', Uint8Array.of(10, ...new Array<number>(20).fill(255))],
  ['a group', Uint8Array.of(11, 12)],
  ['field 0', Uint8Array.of(2, 0)],
  ['a number in place of a series', Uint8Array.of(8, 1)],
  ['a number in place of a sample', wrap(...regularBytes, 16, 1)],
  ['a sample with a value of 7 bytes', wrap(...regularBytes, 18, 8, 9, 0, 0, 0, 0, 0, 0, 0)],
  ['a sample with a time without end', wrap(...regularBytes, 18, 2, 16, 255)],
  ['a label with a length too large', wrap(10, 2, 10, 1)],
];
for (const [name, body] of corrupt) {
  test(`refuses: ${name}`, () => memory.scoped(() => assert.equal(new Receiver().receive(body), false)));
}

test('a dropped series is counted and not staged', () =>
  memory.scoped(() => {
    const receiver = new Receiver();
    assert.ok(receiver.receive(series({labels: [['a', 'dropped']], samples: [sampleAt(1n), sampleAt(2n)]})));
    assert.deepEqual(receiver.staged, []);
    assert.equal(receiver.field(layout.WRITE_DROPPED_COUNT), 2);
  }));
