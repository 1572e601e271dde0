import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {putFloatPowers} from './float-powers.ts';
import {bitsOf, TestMemory} from './testing.ts';

const memory = new TestMemory();
const powers = putFloatPowers(memory);

/** The bits that the kernel gives, or undefined where it leaves the text to the slow path. */
function parse(text: string): bigint | undefined {
  return memory.scoped(() => {
    const {at, length} = memory.putText(text);
    const out = memory.putLongs([42n]);
    if (memory.kernels.parseFloatText(at, length, powers, out) === 1) return memory.longs(out, 1)[0];
    assert.deepEqual(memory.longs(out, 1), [42n]);
    return undefined;
  });
}

const NORMAL_NAN = 0x7ff8000000000001n;

const specials: [text: string, bits: bigint | undefined][] = [
  ['NaN', NORMAL_NAN],
  ['nan', NORMAL_NAN],
  ['Inf', bitsOf(Infinity)],
  ['+Inf', bitsOf(Infinity)],
  ['-inf', bitsOf(-Infinity)],
  ['INF', bitsOf(Infinity)],
  ['-0', bitsOf(-0)],
  ['+0.0e99999', 0n],
  ['1.', bitsOf(1)],
  ['.5', bitsOf(0.5)],
  ['9223372036854775807', bitsOf(2 ** 63)],
  ['0.0000000000000000000000000012345', bitsOf(1.2345e-27)],
  ['00000000000000000000000000001', bitsOf(1)],
];
for (const [text, bits] of specials) test(`parses ${text}`, () => assert.equal(parse(text), bits));

const refused = [
  '',
  '+',
  '-',
  '.',
  'e5',
  '1e',
  '1e+',
  '+NaN',
  '-nan',
  'Infinity',
  'in',
  '0x1',
  '0x1p3',
  '1_000',
  '1 ',
  ' 1',
  '1.2.3',
  '--1',
  '1e5.0',
];
for (const text of refused)
  test(`leaves ${JSON.stringify(text)} to the slow path`, () => assert.equal(parse(text), undefined));

const shortest = fc.double({noNaN: true, noDefaultInfinity: true}).map(String);
const digits = (max: number) => fc.array(fc.integer({min: 0, max: 9}), {maxLength: max}).map((list) => list.join(''));
const composed = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    digits(20),
    fc.constantFrom('', '.'),
    digits(20),
    fc.option(fc.integer({min: -330, max: 330}), {nil: undefined}),
  )
  .map(
    ([sign, whole, point, fraction, exponent]) =>
      `${sign}${whole}${point}${point && fraction}${exponent === undefined ? '' : `e${exponent}`}`,
  );
/** Numbers exactly in the middle between two doubles, which 54 bits with an odd last one are, and next to it. */
const halfway = fc
  .tuple(fc.bigInt({min: 2n ** 52n, max: 2n ** 53n - 1n}), fc.integer({min: -4, max: 23}), fc.constantFrom(-1n, 0n, 1n))
  .map(([random, exponent, off]) => {
    const power = 5n ** BigInt(Math.abs(exponent));
    const odd = exponent > 0 ? (2n * random + 1n) / power : 2n * random + 1n;
    return `${(exponent > 0 ? odd | 1n : odd * power) + off}e${exponent}`;
  });

for (const [name, texts] of Object.entries({shortest, composed, halfway})) {
  test(`agrees with Number or leaves it: ${name}`, () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bits = parse(text);
        if (bits !== undefined) assert.equal(bits, bitsOf(Number(text)), text);
      }),
      {numRuns: 3000},
    );
  });
}

test('takes all that Go prints for ordinary values itself', () => {
  const ordinary = fc.double({min: 1e-70, max: 1e70, noNaN: true});
  fc.assert(
    fc.property(ordinary, (value) => assert.equal(parse(value.toExponential()), bitsOf(value))),
    {numRuns: 3000},
  );
});
