import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {WIRE, WireReader} from './wire-reader.ts';
import {WireWriter} from './wire-writer.ts';

function readerOf(bytes: Uint8Array | readonly number[]): WireReader {
  const reader = new WireReader();
  reader.load(Uint8Array.from(bytes), 0, bytes.length);
  return reader;
}

/** A reader behind the tag of the one field that `write` writes. */
function fieldOf(write: (out: WireWriter) => void): WireReader {
  const out = new WireWriter();
  write(out);
  const reader = readerOf(out.written);
  assert.ok(reader.nextField('Message'));
  return reader;
}

const int64 = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}).map((x) => Number(BigInt.asIntN(64, x - (x % 4096n)))),
);

test('numbers come back', () => {
  fc.assert(
    fc.property(int64, fc.double(), fc.integer(), (whole, float, small) => {
      assert.equal(fieldOf((out) => out.varint(1, whole)).readInt64('x') + 0, whole + 0);
      assert.equal(fieldOf((out) => out.zigzag(1, whole)).readSint64() + 0, whole + 0);
      assert.equal(fieldOf((out) => out.zigzag(1, small)).readSint32('x'), small);
      assert.equal(fieldOf((out) => out.varint(1, small)).readInt32('x'), small);
      assert.equal(fieldOf((out) => out.double(1, float)).readDouble('x'), float);
      if (whole >= 0) assert.equal(fieldOf((out) => out.varint(1, whole)).readUint64('x'), whole + 0);
    }),
  );
});

test('the largest numbers are the nearest floats', () => {
  const ones = [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
  const reader = readerOf(ones);
  reader.nextField('Message');
  assert.equal(reader.readUint64('x'), 2 ** 64);
  reader.load(Uint8Array.from(ones), 1, ones.length);
  assert.equal(reader.readSint64(), -(2 ** 63));
});

test('bits of a double stay as they are', () => {
  const words = new Uint32Array(4);
  const reader = readerOf([9, 1, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
  reader.nextField('Message');
  reader.readDoubleBits(words, 1);
  assert.deepEqual([...words], [0, 0, 1, 0x7ff00000]);
});

const skipped: [name: string, bytes: number[]][] = [
  ['a varint', [8, 0x80, 1]],
  ['a fixed64', [9, 1, 2, 3, 4, 5, 6, 7, 8]],
  ['bytes', [10, 3, 1, 2, 3]],
  ['a fixed32', [13, 1, 2, 3, 4]],
  ['a group in a group', [11, 19, 8, 1, 20, 18, 1, 9, 12]],
];
for (const [name, bytes] of skipped) {
  test(`${name} is skipped`, () => {
    const reader = readerOf([...bytes, 8, 7]);
    reader.nextField('Message');
    reader.skip();
    assert.ok(reader.nextField('Message'));
    assert.equal(reader.readUint64('x'), 7);
    assert.ok(!reader.nextField('Message'));
  });
  test(`${name} cut short is an error`, () => {
    for (let length = 1; length < bytes.length; length++) {
      const reader = readerOf(bytes.slice(0, length));
      reader.nextField('Message');
      assert.throws(() => reader.skip(), {name: 'ParseError', message: /^unexpected EOF \(at byte \d+\)$/});
    }
  });
}

const faults: [bytes: number[], message: string, offset: number][] = [
  [[0], 'proto: Message: illegal tag 0 (wire type 0)', 0],
  [[12], 'proto: Message: wiretype end group for non-group', 0],
  [[14], 'proto: illegal wireType 6', 1],
  [[8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], 'proto: integer overflow', 11],
  [[10, 5, 1], 'unexpected EOF', 2],
  [[10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], 'proto: negative length found during unmarshaling', 11],
];
for (const [bytes, message, offset] of faults) {
  test(`${message} in ${bytes}`, () => {
    const reader = readerOf(bytes);
    const read = () => {
      while (reader.nextField('Message')) reader.skip();
    };
    assert.throws(read, {name: 'ParseError', message: `${message} (at byte ${offset})`, offset});
  });
}

test('a message is not read over its end', () => {
  // A message of two bytes whose varint would go on behind it.
  const reader = readerOf([10, 2, 8, 0x80, 1]);
  reader.nextField('Outer');
  const outer = reader.enter('Inner');
  assert.equal(outer, 5);
  assert.ok(reader.nextField('Inner'));
  assert.throws(() => reader.readUint64('x'), {message: 'unexpected EOF (at byte 4)'});
});

test('messages of a stream', () => {
  const reader = readerOf([2, 8, 1, 0, 2, 8, 3]);
  const found: number[] = [];
  while (reader.enterDelimited()) {
    found.push(reader.end - reader.at);
    while (reader.nextField('Message')) found.push(reader.readUint64('x'));
  }
  assert.deepEqual(found, [2, 1, 0, 2, 3]);
  for (const [bytes, message] of [
    [[0x80], 'clientpb: invalid varint encountered (at byte 0)'],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0], 'clientpb: invalid varint encountered (at byte 0)'],
    [[5, 1], 'clientpb: insufficient length of buffer, expected at least 6 bytes, got 2 bytes (at byte 0)'],
  ] as const) {
    const broken = readerOf(bytes);
    assert.throws(() => broken.enterDelimited(), {name: 'ParseError', message, offset: 0});
  }
});

test('a field of another wire type is an error', () => {
  const reader = readerOf([8, 1]);
  reader.nextField('Message');
  assert.equal(reader.wire, WIRE.varint);
  assert.throws(() => reader.enter('Metric'), {message: 'proto: wrong wireType = 0 for field Metric (at byte 1)'});
});
