import assert from 'node:assert/strict';
import {test} from 'node:test';
import {evaluateDuration, type DurationContext} from './durations.ts';
import {parseExpr} from './parser.ts';

const CONTEXT = {stepMs: 15_000, rangeMs: 3_600_000};

function evaluate(duration: string, sign: 'positive' | 'any' = 'positive'): number {
  const text = `a[${duration}]`;
  const expr = parseExpr(text, {durationExpressions: true});
  assert.ok(expr.kind === 'matrixSelector' && expr.rangeExpr !== undefined);
  return evaluateDuration(expr.rangeExpr, sign, {text, ...CONTEXT} satisfies DurationContext);
}

const values: [duration: string, seconds: number][] = [
  ['1m + 30s', 90],
  ['1h - 2 * 5m', 3000],
  ['2 ^ 3 ^ 2', 512],
  ['1h / 7', 514.285],
  ['100 % 30', 10],
  ['step()', 15],
  ['range() / 2', 1800],
  ['max_of(step(), 1m)', 60],
  ['min_of(step(), 1m) * 4', 60],
  ['-(1m - 2m)', 60],
  ['(5m)', 300],
  ['1 ^ (1/0.0000001)', 1],
];
for (const [duration, seconds] of values) {
  test(`[${duration}] is ${seconds} seconds`, () => assert.equal(evaluate(duration), Math.round(seconds * 1000) * 1e6));
}

test('an offset may be negative', () => assert.equal(evaluate('1m - 2m', 'any'), -60e9));

const errors: [duration: string, message: string][] = [
  ['1m - 1m', '2:9: duration must be greater than 0'],
  ['1m / (step() - 15)', '2:19: division by zero'],
  ['1m % (step() - 15)', '2:19: modulo by zero'],
  ['10 ^ 400', '2:10: duration is NaN or infinite'],
  ['10 ^ 12', '2:9: duration is out of range'],
];
for (const [duration, message] of errors) {
  test(`[${duration}] is refused`, () => {
    assert.throws(() => evaluate(duration), {name: 'DurationExprError', message});
  });
}
