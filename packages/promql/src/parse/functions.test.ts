import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FUNCTIONS} from './functions.ts';
import {parseExpr} from './parser.ts';

test('there are 90 functions, 17 of them experimental', () => {
  assert.equal(FUNCTIONS.size, 90);
  assert.equal([...FUNCTIONS.values()].filter(({experimental}) => experimental).length, 17);
});

test('names in the prototype of objects are no functions', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.throws(() => parseExpr(`${name}(a)`), {message: `1:1: parse error: unknown function with name "${name}"`});
  }
});

const counts: [call: string, message: string | undefined][] = [
  ['pi(a)', 'expected 0 argument(s) in call to "pi", got 1'],
  ['clamp(a, 1)', 'expected 3 argument(s) in call to "clamp", got 2'],
  ['round()', 'expected at least 1 argument(s) in call to "round", got 0'],
  ['round(a, 1, 2)', 'expected at most 2 argument(s) in call to "round", got 3'],
  ['round(a, 5)', undefined],
  ['hour()', undefined],
  ['label_join(a, "b", "c")', undefined],
  ['label_join(a, "b", "c", "d", "e", "f")', undefined],
  ['label_join(a, "b", "c", "d", e)', 'expected type string in call to function "label_join", got instant vector'],
];
for (const [call, message] of counts) {
  test(`${call} ${message === undefined ? 'is fine' : 'is refused'}`, () => {
    if (message === undefined) assert.equal(parseExpr(call).kind, 'call');
    else
      assert.throws(
        () => parseExpr(call),
        (error: Error) => error.message.endsWith(`parse error: ${message}`),
      );
  });
}
