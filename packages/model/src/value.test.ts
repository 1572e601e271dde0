import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {BytesError, formatBytes, parseBytes} from './bytes.ts';
import {toLowerGo, toUpperGo} from './letter-case.ts';
import {quoteGo} from './quote.ts';
import {isStaleAt, STALE_NAN_BITS, writeStale} from './stale.ts';
import {
  formatRfc3339,
  formatTimestampSeconds,
  parseRfc3339,
  parseTime,
  TIME_MAX,
  TIME_MIN,
  TimestampError,
} from './timestamp.ts';
import {
  formatFloat,
  formatFloatE,
  formatFloatG,
  formatFloatPlain,
  parseGoFloat,
  type ParseFloatOptions,
} from './value.ts';

const floats: [x: number, json: string, plain: string, g: string, e: string][] = [
  [0, '0', '0', '0', '0e+00'],
  [-0, '-0', '-0', '-0', '-0e+00'],
  [1, '1', '1', '1', '1e+00'],
  [-1.5, '-1.5', '-1.5', '-1.5', '-1.5e+00'],
  [0.1, '0.1', '0.1', '0.1', '1e-01'],
  [0.0001, '0.0001', '0.0001', '0.0001', '1e-04'],
  [0.00001, '0.00001', '0.00001', '1e-05', '1e-05'],
  [1e-6, '0.000001', '0.000001', '1e-06', '1e-06'],
  [1e-7, '1e-07', '0.0000001', '1e-07', '1e-07'],
  [-1.25e-7, '-1.25e-07', '-0.000000125', '-1.25e-07', '-1.25e-07'],
  [100000, '100000', '100000', '100000', '1e+05'],
  [1e6, '1000000', '1000000', '1e+06', '1e+06'],
  [1234567.5, '1234567.5', '1234567.5', '1.2345675e+06', '1.2345675e+06'],
  [1e20, '100000000000000000000', '100000000000000000000', '1e+20', '1e+20'],
  [1e21, '1e+21', '1000000000000000000000', '1e+21', '1e+21'],
  [1.5e300, '1.5e+300', `15${'0'.repeat(299)}`, '1.5e+300', '1.5e+300'],
  [5e-324, '5e-324', `0.${'0'.repeat(323)}5`, '5e-324', '5e-324'],
  [Infinity, '+Inf', '+Inf', '+Inf', '+Inf'],
  [-Infinity, '-Inf', '-Inf', '-Inf', '-Inf'],
  [NaN, 'NaN', 'NaN', 'NaN', 'NaN'],
];
for (const [x, ...want] of floats) {
  test(`${x} is printed as Go does`, () => {
    assert.deepEqual([formatFloat(x), formatFloatPlain(x), formatFloatG(x), formatFloatE(x)], want);
  });
}

test('what is printed reads back the same', () => {
  fc.assert(
    fc.property(fc.double(), (x) => {
      for (const format of [formatFloat, formatFloatPlain, formatFloatG, formatFloatE]) {
        assert.ok(Object.is(parseGoFloat(format(x)), x), format(x));
      }
    }),
  );
});

const parsed: [text: string, want: number | undefined, options?: ParseFloatOptions][] = [
  ['1', 1],
  ['+1.5e3', 1500],
  ['.5', 0.5],
  ['5.', 5],
  ['-0', -0],
  ['1e400', undefined],
  ['1e400', Infinity, {overflow: 'infinity'}],
  ['-1e400', -Infinity, {overflow: 'infinity'}],
  ['1e-400', 0],
  ['inf', Infinity],
  ['+Inf', Infinity],
  ['-INFINITY', -Infinity],
  ['infin', undefined],
  ['nan', NaN],
  ['+nan', undefined],
  ['0x1p4', 16],
  ['-0x1.8p3', -12],
  ['0X.8p0', 0.5],
  ['0x1p-1074', 5e-324],
  ['0x1p-1075', 0],
  ['0x1.8p-1075', 5e-324],
  ['0x3p-1075', 1e-323],
  ['0x1.fffffffffffff8p1023', undefined],
  ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
  ['0x10000000000000000000000p0', 2 ** 88],
  ['0x1', undefined],
  ['0x', undefined],
  ['1_000', undefined],
  ['1_000.5', 1000.5, {underscores: true}],
  ['1__0', undefined, {underscores: true}],
  ['_1', undefined, {underscores: true}],
  ['1_', undefined, {underscores: true}],
  ['1_.5', undefined, {underscores: true}],
  ['0x_1p0', 1, {underscores: true}],
  ['', undefined],
  [' 1', undefined],
  ['1 ', undefined],
  ['1e', undefined],
  ['.', undefined],
  ['e5', undefined],
  ['1f', undefined],
  ['0b1', undefined],
  ['٣', undefined],
];
for (const [text, want, options] of parsed) {
  test(`${JSON.stringify(text)} as a float${options === undefined ? '' : ` with ${JSON.stringify(options)}`}`, () => {
    assert.ok(Object.is(parseGoFloat(text, options), want), String(parseGoFloat(text, options)));
  });
}

test('hexadecimal floats are exact', () => {
  fc.assert(
    fc.property(fc.double({noNaN: true, noDefaultInfinity: true}), (x) => {
      const bits = new BigUint64Array(new Float64Array([x]).buffer)[0];
      const exponent = Number((bits >> 52n) & 0x7ffn);
      const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent === 0 ? 0n : 1n << 52n);
      const text = `${Object.is(x, -0) || x < 0 ? '-' : ''}0x${mantissa.toString(16)}p${Math.max(exponent, 1) - 1075}`;
      assert.ok(Object.is(parseGoFloat(text), x), text);
    }),
  );
});

const times: [text: string, ms: number][] = [
  ['0', 0],
  ['1', 1000],
  ['1.5', 1500],
  ['-1.5', -1500],
  ['1433337718.5555', 1433337718556],
  ['123.123', 123123],
  ['1_0', 10_000],
  ['1e9', 1e12],
  ['1e300', TIME_MAX],
  ['-1e300', TIME_MIN],
  ['2015-06-03T13:21:58.555Z', 1433337718555],
  ['2015-06-03T13:21:58.555999999Z', 1433337718555],
  ['2015-06-03T13:21:58,5Z', 1433337718500],
  ['2015-06-03T14:21:58.555+01:00', 1433337718555],
  ['2015-06-03T11:51:58.555-01:30', 1433337718555],
  ['2015-06-03T1:21:58Z', 1433294518000],
  ['0001-01-01T00:00:00Z', -62135596800000],
  ['1969-12-31T23:59:59.9999Z', -1],
  ['2024-02-29T00:00:00Z', 1709164800000],
  ['-292273086-05-16T16:47:06Z', TIME_MIN],
  ['292277025-08-18T07:12:54.999999999Z', TIME_MAX],
];
for (const [text, ms] of times) test(`${text} as a time`, () => assert.equal(parseTime(text), ms));

const noTimes = [
  '',
  'foo',
  'nan',
  'inf',
  '30s',
  '2015-06-03',
  '2015-02-30T00:00:00Z',
  '2015-13-01T00:00:00Z',
  '2015-06-03T24:00:00Z',
  '2015-06-03T13:60:58Z',
  '2015-06-03t13:21:58Z',
  '2015-06-03T13:21:58',
  '2015-06-03T13:21:58+25:00',
];
for (const text of noTimes) {
  test(`${JSON.stringify(text)} is no time`, () => {
    assert.throws(() => parseTime(text), {
      name: 'TimestampError',
      message: `cannot parse ${quoteGo(text)} to a valid timestamp`,
    });
  });
}

test('times of the JSON API have no digits or three', () => {
  const texts = [0, 1, 1000, 1500, 1700000000123, 1700000000120, -1, -1500].map(formatTimestampSeconds);
  assert.deepEqual(texts, ['0', '0.001', '1', '1.500', '1700000000.123', '1700000000.120', '-0.001', '-1.500']);
});

test('printed times read back the same', () => {
  fc.assert(
    fc.property(fc.integer({min: -62135596800000, max: 253402300799999}), (ms) => {
      assert.equal(parseTime(formatTimestampSeconds(ms)), ms);
      assert.equal(parseRfc3339(formatRfc3339(ms)), ms);
    }),
  );
  assert.equal(formatRfc3339(1_500), '1970-01-01T00:00:01.5Z');
  assert.equal(formatRfc3339(1_000), '1970-01-01T00:00:01Z');
});

test('any text is a time or refused with TimestampError', () => {
  fc.assert(
    fc.property(fc.string({unit: fc.constantFrom(...'0123456789-:.,TZ+_exinf'), maxLength: 30}), (text) => {
      try {
        assert.ok(Number.isSafeInteger(parseTime(text)));
      } catch (error) {
        assert.ok(error instanceof TimestampError, String(error));
      }
    }),
  );
});

test('the stale marker is its bits', () => {
  const values = new Float64Array([1, NaN, 2]);
  const words = new Uint32Array(values.buffer);
  writeStale(words, 2);
  assert.equal(new BigUint64Array(values.buffer)[2], STALE_NAN_BITS);
  assert.deepEqual(
    [0, 1, 2].map((i) => isStaleAt(words, i)),
    [false, false, true],
  );
});

const quoted: [text: string, want: string][] = [
  ['', '""'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['\x07\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
  ['\x00\x1f\x7f', '"\\x00\\x1f\\x7f"'],
  ['\u0080\u00a0\u200b\ufeff', '"\\u0080\\u00a0\\u200b\\ufeff"'],
  ['é世😀', '"é世😀"'],
  ['\u{e0001}', '"\\U000e0001"'],
  ['\udcff', '"\\xff"'],
];
for (const [text, want] of quoted) test(`${want} is quoted`, () => assert.equal(quoteGo(text), want));

const sizes: [text: string, bytes: number, printed: string][] = [
  ['0', 0, '0B'],
  ['512MB', 512 * 2 ** 20, '512MiB'],
  ['1GB512MB', 1536 * 2 ** 20, '1GiB512MiB'],
  ['1.5GiB', 1536 * 2 ** 20, '1GiB512MiB'],
  ['2EB', 2 ** 61, '2EiB'],
  ['10B', 10, '10B'],
  ['-1KB', -1024, '-1KiB'],
];
for (const [text, bytes, printed] of sizes) {
  test(`${text} in bytes`, () => {
    assert.equal(parseBytes(text), bytes);
    assert.equal(formatBytes(bytes), printed);
  });
}
for (const text of ['', 'x', '1', '1XB', 'MB', '1mb', '8EB', '1toString']) {
  test(`${JSON.stringify(text)} is no size`, () => assert.throws(() => parseBytes(text), BytesError));
}

test('sizes are refused in upstream’s words', () => {
  assert.throws(() => parseBytes('100'), {name: 'BytesError', message: 'units: unknown unit  in 100'});
  assert.throws(() => parseBytes('1x'), {name: 'BytesError', message: 'units: unknown unit x in 1x'});
  assert.throws(() => parseBytes('MB'), {name: 'BytesError', message: 'units: invalid MB'});
});

test('cases change a character at a time', () => {
  assert.equal(toUpperGo('straße ᾳ ŉ ᾀ ǰ dž ſ abc'), 'STRAßE ᾼ ŉ ᾈ ǰ DŽ S ABC');
  assert.equal(toLowerGo('ΟΔΟΣ İ K ABC'), 'οδοσ i k abc');
});
