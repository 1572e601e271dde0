import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {Head} from '@narthex/tsdb/head/head.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import {SegmentBoard} from '@narthex/tsdb/head/segments.ts';
import {WriteReceiver} from './receiver.ts';
import {type PlainWrite, snappyLiterals, writeRequest} from './testing.ts';
import {WriteError} from './write-error.ts';

const now = Date.now();

function setUp() {
  const board = new SegmentBoard();
  const head = Head.create({arenaBytes: 16 << 20, segmentBytes: 1 << 20, announce: board.announce});
  const receiver = new WriteReceiver({
    memory: new KernelMemory({maximumBytes: 64 << 20}),
    store: head,
    isRefusal: () => false,
  });
  const memory = new KernelMemory({maximumBytes: 64 << 20});
  const reader = new HeadReader(head.shared, memory, 0, board.source());
  const read = () => {
    reader.begin();
    const set = reader.select([new Matcher('=~', '__name__', '.+')], -(2 ** 50), 2 ** 50);
    const found: Record<string, [number, number][]> = {};
    for (let i = 0; i < set.length; i++) found[labelsOf(reader, set, i)] = samplesOf(memory, set, i);
    reader.end();
    return found;
  };
  return {head, receiver, read};
}

type Reader = InstanceType<typeof HeadReader>;
type SeriesSet = ReturnType<Reader['select']>;

function labelsOf(reader: Reader, set: SeriesSet, i: number): string {
  const pairs = new Uint32Array(200);
  const count = set.labels(i, pairs);
  const labels: [string, string][] = [];
  for (let l = 0; l < count; l++)
    labels.push([reader.symbols.text(pairs[2 * l]!), reader.symbols.text(pairs[2 * l + 1]!)]);
  return Labels.of(labels).toString();
}

function samplesOf(memory: KernelMemory, set: SeriesSet, i: number): [number, number][] {
  const max = set.samplesMax(i);
  const times = memory.alloc(8 * max);
  const values = memory.alloc(8 * max);
  const count = set.read(i, times, values);
  return Array.from({length: count}, (_, s) => [memory.f64[times / 8 + s]!, memory.f64[values / 8 + s]!]);
}

const up = (value: number, time: number): PlainWrite => ({
  labels: [
    ['__name__', 'up'],
    ['job', 'a'],
  ],
  samples: [[time, value]],
});

test('samples are stored under their labels', () => {
  const {receiver, read} = setUp();
  assert.deepEqual(
    receiver.write(
      writeRequest([
        up(1, now),
        {
          labels: [['__name__', 'x']],
          samples: [
            [now, 2],
            [now + 1, 3],
          ],
        },
      ]),
    ),
    {
      samples: 3,
      invalidSeries: 0,
    },
  );
  receiver.write(writeRequest([up(4, now + 5)]));
  assert.deepEqual(read(), {
    '{__name__="up", job="a"}': [
      [now, 1],
      [now + 5, 4],
    ],
    '{__name__="x"}': [
      [now, 2],
      [now + 1, 3],
    ],
  });
});

test('labels in another order are the same series', () => {
  const {receiver, read} = setUp();
  receiver.write(writeRequest([up(1, now)]));
  receiver.write(
    writeRequest([
      {
        labels: [
          ['job', 'a'],
          ['__name__', 'up'],
        ],
        samples: [[now + 1, 2]],
      },
    ]),
  );
  assert.deepEqual(read(), {
    '{__name__="up", job="a"}': [
      [now, 1],
      [now + 1, 2],
    ],
  });
});

const refused: [name: string, write: (receiver: WriteReceiver) => unknown, message: RegExp][] = [
  ['an old sample', (receiver) => receiver.write(writeRequest([up(1, now - 1)])), /^out of order sample/],
  [
    'another value at the same time',
    (receiver) => receiver.write(writeRequest([up(7, now)])),
    /^duplicate sample for timestamp/,
  ],
  ['a sample far ahead', (receiver) => receiver.write(writeRequest([up(7, now + 3_600_000)])), /^out of bounds/],
  ['a time beyond any', (receiver) => receiver.write(writeRequest([up(7, 2 ** 62)])), /^out of bounds/],
  ['no snappy', (receiver) => receiver.write(Uint8Array.of(255, 255, 255, 255, 255, 255)), /^snappy: corrupt input/],
  [
    'a claim of 1 GB',
    (receiver) => receiver.write(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 4, 0)),
    /decoded block is too large/,
  ],
  ['no protobuf', (receiver) => receiver.write(snappyLiterals(Buffer.from([10, 200, 1, 2]))), /illegal wire format/],
];
for (const [name, write, message] of refused) {
  test(`${name} is refused, and the rest is stored`, () => {
    const {receiver, read} = setUp();
    receiver.write(writeRequest([up(1, now)]));
    assert.throws(
      () => write(receiver),
      (error: unknown) => error instanceof WriteError && error.status === 400 && message.test(error.message),
    );
    receiver.write(writeRequest([up(2, now + 1)]));
    assert.deepEqual(read(), {
      '{__name__="up", job="a"}': [
        [now, 1],
        [now + 1, 2],
      ],
    });
  });
}

test('what can be stored of a request is', () => {
  const {receiver, read} = setUp();
  receiver.write(writeRequest([up(1, now)]));
  assert.throws(
    () => receiver.write(writeRequest([up(9, now - 5), {labels: [['__name__', 'x']], samples: [[now, 2]]}])),
    WriteError,
  );
  assert.deepEqual(read(), {'{__name__="up", job="a"}': [[now, 1]], '{__name__="x"}': [[now, 2]]});
});

const invalid: [name: string, labels: [string, string][]][] = [
  ['no name', [['job', 'a']]],
  ['an empty name', [['__name__', '']]],
  [
    'a label twice',
    [
      ['__name__', 'x'],
      ['a', '1'],
      ['a', '2'],
    ],
  ],
  [
    'a label without a name',
    [
      ['__name__', 'x'],
      ['', '1'],
    ],
  ],
];
for (const [name, labels] of invalid) {
  test(`series with ${name} are left out and counted`, () => {
    const {receiver, read} = setUp();
    assert.deepEqual(receiver.write(writeRequest([{labels, samples: [[now, 1]]}, up(1, now)])), {
      samples: 1,
      invalidSeries: 1,
    });
    assert.deepEqual(Object.keys(read()), ['{__name__="up", job="a"}']);
  });
}

test('many series grow what is remembered', () => {
  const {head, receiver} = setUp();
  const all = Array.from({length: 5000}, (_, i): PlainWrite => ({
    labels: [
      ['__name__', 'm'],
      ['i', String(i)],
    ],
    samples: [[now, i]],
  }));
  for (let i = 0; i < all.length; i += 500) receiver.write(writeRequest(all.slice(i, i + 500)));
  assert.equal(receiver.knownSeries, 5000);
  assert.equal(head.seriesCount, 5000);
  receiver.write(writeRequest(all.map((series) => ({...series, samples: [[now + 1, 1]]}))));
  assert.equal(receiver.knownSeries, 5000);
});

test('slots that may be others now are not used', () => {
  const {head, receiver, read} = setUp();
  receiver.write(writeRequest([up(1, now)]));
  // A series goes when it has had no samples at two truncations.
  for (const time of [now + 1, now + 2]) {
    const truncation = head.truncate(time);
    while (!truncation.step(1000));
  }
  receiver.write(writeRequest([{labels: [['__name__', 'other']], samples: [[now + 2, 5]]}]));
  receiver.write(writeRequest([up(2, now + 3)]));
  assert.deepEqual(read(), {'{__name__="other"}': [[now + 2, 5]], '{__name__="up", job="a"}': [[now + 3, 2]]});
});

test('hostile bytes throw nothing but WriteError', () => {
  const {receiver} = setUp();
  const good = writeRequest([up(1, now), up(2, now + 1)]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({min: 0, max: 255})), {maxLength: 6}),
      (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          receiver.write(bytes);
        } catch (error) {
          assert.ok(error instanceof WriteError, String(error));
        }
      },
    ),
    {numRuns: 500},
  );
});
