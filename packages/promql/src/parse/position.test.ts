import assert from 'node:assert/strict';
import {test} from 'node:test';
import {byteRange, positionOf, textOfBytes} from './position.ts';

const positions: [text: string, offset: number, position: string][] = [
  ['', 0, 'unknown position'],
  ['a', 2, 'invalid position'],
  ['abc', 1, '1:2'],
  ['é😀x', 3, '1:7'],
  ['a\nbc\n', 3, '2:2'],
  ['a\nbc\n', 5, '3:1'],
];
for (const [text, offset, position] of positions) {
  test(`unit ${offset} of ${JSON.stringify(text)} is at ${position}`, () =>
    assert.equal(positionOf(text, offset), position));
}

test('lines above the query count', () => assert.equal(positionOf('abc', 1, 4), '5:2'));

test('ranges in bytes', () => assert.deepEqual(byteRange('é😀x', {start: 1, end: 4}), {start: 2, end: 7}));

test('bytes that are not UTF-8 stay apart from all text and count as one', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82, 0xef, 0xbf, 0xbd, 0xed, 0xa0, 0x80]);
  const text = textOfBytes(bytes);
  assert.equal(text, 'a\udcffé\udce2\udc82\ufffd\udced\udca0\udc80');
  assert.equal(byteRange(text, {start: 0, end: text.length}).end, bytes.length);
});
