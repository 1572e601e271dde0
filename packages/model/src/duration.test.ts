import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {
  DurationError,
  formatDuration,
  formatGoDuration,
  parseDuration,
  parseGoDuration,
  parseSignedDuration,
} from './duration.ts';

const refused: [text: string, message: string][] = [
  ['', 'empty duration string'],
  ['1', 'not a valid duration string: "1"'],
  ['x', 'not a valid duration string: "x"'],
  ['-1s', 'not a valid duration string: "-1s"'],
  ['1s1m', 'not a valid duration string: "1s1m"'],
  ['1s1s', 'not a valid duration string: "1s1s"'],
  ['1x', 'unknown unit "x" in duration "1x"'],
  ['1.5h', 'unknown unit "." in duration "1.5h"'],
  ['1 s', 'unknown unit " s" in duration "1 s"'],
  ['294y', 'duration out of range'],
  ['9223372036855ms', 'duration out of range'],
  ['9'.repeat(1_000_000) + 's', `not a valid duration string: "${'9'.repeat(1_000_000)}s"`],
  ['18446744073709551616ms', 'not a valid duration string: "18446744073709551616ms"'],
];
for (const [text, message] of refused) {
  test(`${JSON.stringify(text.slice(0, 40))} is no duration`, () => {
    assert.throws(() => parseDuration(text), {name: 'DurationError', message});
  });
}

const formatted: [ms: number, text: string][] = [
  [0, '0s'],
  [1, '1ms'],
  [1500, '1s500ms'],
  [60_000, '1m'],
  [90 * 86_400_000, '90d'],
  [14 * 86_400_000, '2w'],
  [365 * 86_400_000, '1y'],
  [372 * 86_400_000, '372d'],
  [379 * 86_400_000 + 1, '379d1ms'],
  [-5000, '-5s'],
];
for (const [ms, text] of formatted) {
  test(`${ms} ms are ${text}`, () => {
    assert.equal(formatDuration(ms), text);
    assert.equal(parseSignedDuration(text), ms);
  });
}

test('durations round-trip', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat().map((n) => n % 9_000_000_000_000),
      (ms) => {
        assert.equal(parseDuration(formatDuration(ms)), ms);
        assert.equal(parseGoDuration(formatGoDuration(ms)), ms);
      },
    ),
  );
});

const go: [text: string, ms: number, printed: string][] = [
  ['0', 0, '0s'],
  ['+5s', 5000, '5s'],
  ['1h2m3.5s', 3_723_500, '1h2m3.5s'],
  ['-1.5h', -5_400_000, '-1h30m0s'],
  ['100ms', 100, '100ms'],
  ['1.5us', 0.0015, '1.5µs'],
  ['10µs', 0.01, '10µs'],
  ['7ns', 0.000007, '7ns'],
  ['1m1m', 120_000, '2m0s'],
  ['.5s', 500, '500ms'],
  ['1.s', 1000, '1s'],
  ['24h', 86_400_000, '24h0m0s'],
  ['-0s', 0, '0s'],
  ['00000000000000000000000000001s', 1000, '1s'],
  ['0.100000000000000000000h', 360_000, '6m0s'],
  ['2562047h47m16.854775807s', 9223372036854.775, '2562047h47m16.854775391s'],
];
for (const [text, ms, printed] of go) {
  test(`${text} in Go’s syntax`, () => {
    assert.equal(parseGoDuration(text), ms);
    assert.equal(formatGoDuration(ms), printed);
  });
}

const goRefused: [text: string, message: string][] = [
  ['', 'time: invalid duration ""'],
  ['3', 'time: missing unit in duration "3"'],
  ['-', 'time: invalid duration "-"'],
  ['s', 'time: invalid duration "s"'],
  ['.', 'time: invalid duration "."'],
  ['3d', 'time: unknown unit "d" in duration "3d"'],
  ['3constructor', 'time: unknown unit "constructor" in duration "3constructor"'],
  [`${'9'.repeat(30)}ns`, `time: invalid duration "${'9'.repeat(30)}ns"`],
  ['9223372036854775.808s', 'time: invalid duration "9223372036854775.808s"'],
];
for (const [text, message] of goRefused) {
  test(`${JSON.stringify(text)} is no duration in Go’s syntax`, () => {
    assert.throws(() => parseGoDuration(text), {name: 'DurationError', message});
  });
}

test('any text is a duration or refused with DurationError', () => {
  const text = fc.string({unit: fc.constantFrom(...'0123456789.-+smhdwyµnu '), maxLength: 12});
  fc.assert(
    fc.property(text, (text) => {
      for (const parse of [parseDuration, parseGoDuration]) {
        try {
          assert.ok(Number.isFinite(parse(text)));
        } catch (error) {
          assert.ok(error instanceof DurationError, String(error));
        }
      }
    }),
  );
});
