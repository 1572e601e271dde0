import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {
  compareLabels,
  formatMetric,
  isLegacyLabelName,
  isLegacyMetricName,
  isValidLabelName,
  Labels,
  LabelsBuilder,
} from './labels.ts';
import {compareUtf8} from './utf8.ts';

test('labels are sorted by bytes, empty values dropped, the last of equal names kept', () => {
  const labels = Labels.of([
    ['b', '2'],
    ['a', 'x'],
    ['c', ''],
    ['\u{10000}', 'astral'],
    ['\uffff', 'bmp'],
    ['a', '1'],
  ]);
  assert.deepEqual(
    [...labels.entries()],
    [
      ['a', '1'],
      ['b', '2'],
      ['\uffff', 'bmp'],
      ['\u{10000}', 'astral'],
    ],
  );
  assert.equal(labels.length, 4);
  assert.deepEqual([labels.name(1), labels.value(1), labels.get('b'), labels.get('x')], ['b', '2', '2', '']);
  assert.ok(labels.has('a') && !labels.has('c'));
});

test('the last of equal names wins even when it is empty', () => {
  assert.equal(
    Labels.of([
      ['a', '1'],
      ['a', ''],
    ]).length,
    0,
  );
});

const printed: [labels: Record<string, string>, text: string, metric: string][] = [
  [{}, '{}', '{}'],
  [{__name__: 'up'}, '{__name__="up"}', 'up'],
  [{__name__: 'up', job: 'x'}, '{__name__="up", job="x"}', 'up{job="x"}'],
  [{job: 'a"b\n'}, '{job="a\\"b\\n"}', '{job="a\\"b\\n"}'],
  [{__name__: 'a.b', 'c d': 'é'}, '{__name__="a.b", "c d"="é"}', '{"a.b", "c d"="é"}'],
];
for (const [labels, text, metric] of printed) {
  test(`${text} is printed`, () => {
    assert.equal(Labels.fromObject(labels).toString(), text);
    assert.equal(formatMetric(Labels.fromObject(labels)), metric);
  });
}

const names: [name: string, label: boolean, legacyLabel: boolean, legacyMetric: boolean][] = [
  ['a', true, true, true],
  ['_a1', true, true, true],
  ['1a', true, false, false],
  ['a:b', true, false, true],
  ['a.b', true, false, false],
  ['é', true, false, false],
  ['a\n', true, false, false],
  ['', false, false, false],
  ['\ud800', false, false, false],
];
for (const [name, label, legacyLabel, legacyMetric] of names) {
  test(`${JSON.stringify(name)} as a name`, () => {
    assert.deepEqual(
      [isValidLabelName(name), isLegacyLabelName(name), isLegacyMetricName(name)],
      [label, legacyLabel, legacyMetric],
    );
  });
}

/** XXH64 in BigInts, straight from the specification. */
function xxhash64(bytes: Uint8Array): bigint {
  const mask = (1n << 64n) - 1n;
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ];
  const rotate = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & mask;
  const round = (acc: bigint, word: bigint) => (rotate((acc + word * p2) & mask, 31n) * p1) & mask;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    let acc = [(p1 + p2) & mask, p2, 0n, (0n - p1) & mask];
    for (; at + 32 <= bytes.length; at += 32) {
      const base = at;
      acc = acc.map((lane, i) => round(lane, view.getBigUint64(base + 8 * i, true)));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(acc[i], bits), 0n) & mask;
    for (const lane of acc) hash = ((hash ^ round(0n, lane)) * p1 + p4) & mask;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4) & mask;
  }
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * p1) & mask), 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]) * p5) & mask), 11n) * p1) & mask;
  hash = ((hash ^ (hash >> 33n)) * p2) & mask;
  hash = ((hash ^ (hash >> 29n)) * p3) & mask;
  return hash ^ (hash >> 32n);
}

test('the hash is XXH64 of names and values, each with 0xff after it', () => {
  // Values that upstream's test of stable hashes has.
  assert.equal(Labels.of([]).hash(), 0xef46db3751d8e999n);
  const text = fc.string({unit: 'grapheme', maxLength: 40});
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), {maxLength: 8}), (pairs) => {
      const labels = Labels.of(pairs);
      const parts = [...labels.entries()].flat().flatMap((part) => [Buffer.from(part), Buffer.of(0xff)]);
      const want = xxhash64(Buffer.concat(parts));
      assert.equal(labels.hash(), want);
      const words = new Uint32Array(2);
      labels.hashWords(words);
      assert.equal((BigInt(words[1]) << 32n) | BigInt(words[0]), want);
    }),
  );
});

test('a label of megabytes has a hash', () => {
  const value = 'xyz'.repeat(1_000_000);
  assert.equal(Labels.of([['a', value]]).hash(), xxhash64(Buffer.from(`a\xff${value}\xff`, 'latin1')));
});

test('strings are ordered by their UTF-8 bytes', () => {
  const text = fc
    .array(
      fc.constantFrom('a', 'b', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
      {maxLength: 4},
    )
    .map((chars) => chars.join(''));
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

const orders: [a: Record<string, string>, b: Record<string, string>][] = [
  [{}, {a: '1'}],
  [{a: '1'}, {a: '1', b: '1'}],
  [{a: '1', b: '1'}, {a: '2'}],
  [{a: '2'}, {b: '1'}],
  [{a: '\uffff'}, {a: '\u{10000}'}],
];
for (const [a, b] of orders) {
  test(`${JSON.stringify(a)} is before ${JSON.stringify(b)}`, () => {
    assert.ok(compareLabels(Labels.fromObject(a), Labels.fromObject(b)) < 0);
    assert.ok(compareLabels(Labels.fromObject(b), Labels.fromObject(a)) > 0);
    assert.ok(compareLabels(Labels.fromObject(a), Labels.fromObject(a)) === 0);
    assert.ok(!Labels.fromObject(a).equals(Labels.fromObject(b)));
  });
}

test('a builder edits a copy', () => {
  const base = Labels.fromObject({a: '1', b: '2', c: '3'});
  const builder = new LabelsBuilder(base).set('b', 'x').set('d', '4').set('c', '').del('a');
  assert.deepEqual([builder.get('a'), builder.get('b'), builder.get('c'), builder.get('d')], ['', 'x', '', '4']);
  assert.equal(builder.labels().toString(), '{b="x", d="4"}');
  assert.equal(builder.keep('d').labels().toString(), '{d="4"}');
  assert.equal(base.toString(), '{a="1", b="2", c="3"}');
  assert.equal(builder.reset(base).set('a', '1').labels(), base);
});

test('a builder lists untouched labels first, then the others as they came', () => {
  const builder = new LabelsBuilder(Labels.fromObject({a: '1', b: '2', c: '3'}));
  builder.set('z', '1').set('a', '9').del('z').set('z', '2');
  assert.deepEqual(builder.entries(), [
    ['b', '2'],
    ['c', '3'],
    ['a', '9'],
    ['z', '2'],
  ]);
});

test('a builder is a map', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const edits = fc.array(fc.tuple(name, fc.constantFrom('', '1', '2')), {maxLength: 10});
  fc.assert(
    fc.property(fc.dictionary(name, fc.constantFrom('1', '2')), edits, (start, changes) => {
      const builder = new LabelsBuilder(Labels.fromObject(start));
      const map = new Map<string, string>(Object.entries(start));
      for (const [name, value] of changes) {
        builder.set(name, value);
        map.set(name, value);
      }
      assert.equal(builder.labels().toString(), Labels.of(map).toString());
      assert.deepEqual(Labels.of(builder.entries()).toString(), Labels.of(map).toString());
    }),
  );
});
