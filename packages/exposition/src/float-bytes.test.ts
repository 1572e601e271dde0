import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NORMAL_NAN_BITS} from '@narthex/model/stale.ts';
import fc from 'fast-check';
import {type FloatFault, readFloat} from './float-bytes.ts';

const cell = new Float64Array(1);

function read(text: string): number | FloatFault {
  const bytes = Buffer.from(`x${text}x`);
  return readFloat(bytes, 1, bytes.length - 1, cell, 0) ?? cell[0];
}

const cases: [text: string, want: number | FloatFault][] = [
  ['0', 0],
  ['-0', -0],
  ['+1.5', 1.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1000],
  ['1E-3', 0.001],
  ['123456789012345', 123456789012345],
  ['1234567890123456789', Number('1234567890123456789')],
  ['0.1234567890123456789', 0.12345678901234568],
  ['1e22', 1e22],
  ['1e23', 1e23],
  ['1e308', 1e308],
  ['1e-400', 0],
  ['inf', Infinity],
  ['+Inf', Infinity],
  ['-INFINITY', -Infinity],
  ['1e309', 'range'],
  ['-1e309', 'range'],
  ['', 'syntax'],
  ['.', 'syntax'],
  ['+', 'syntax'],
  ['1e', 'syntax'],
  ['1e+', 'syntax'],
  ['e5', 'syntax'],
  ['1.2.3', 'syntax'],
  ['+nan', 'syntax'],
  ['infinit', 'syntax'],
  ['0x10', 'syntax'],
  ['1 ', 'syntax'],
  ['0x1p3', 'unsupported'],
  ['1_000', 'unsupported'],
];
for (const [text, want] of cases) test(`reads ${JSON.stringify(text)}`, () => assert.ok(Object.is(read(text), want)));

test('NaN has the bits of the ordinary NaN', () => {
  for (const text of ['NaN', 'nan', 'NAN']) {
    assert.ok(Number.isNaN(read(text)));
    assert.equal(new BigUint64Array(cell.buffer)[0], NORMAL_NAN_BITS);
  }
});

test('agrees with the conversion of JavaScript to the last bit', () => {
  const digits = fc.stringMatching(/^[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?$/);
  fc.assert(
    fc.property(fc.oneof(digits, fc.double({noNaN: true}).map(String)), (text) => {
      const want = Number(text);
      assert.ok(Object.is(read(text), Number.isFinite(want) ? want : text.includes('Inf') ? want : 'range'), text);
    }),
    {numRuns: 2000},
  );
});

test('a megabyte of digits takes no time to refuse', () => assert.equal(read(`${'1'.repeat(1e6)}x`), 'syntax'));
