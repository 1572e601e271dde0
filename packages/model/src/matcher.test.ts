import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Matcher, MatcherError, type MatchType} from './matcher.ts';

const empties: [type: MatchType, value: string, matchesEmpty: boolean][] = [
  ['=', '', true],
  ['=', 'a', false],
  ['!=', '', false],
  ['!=', 'a', true],
  ['=~', '', true],
  ['=~', '.*', true],
  ['=~', '.+', false],
  ['=~', 'a|', true],
  ['!~', 'a|', false],
  ['!~', '.+', true],
];
for (const [type, value, matchesEmpty] of empties) {
  test(`a series without the label and a${type}"${value}"`, () => {
    assert.equal(new Matcher(type, 'a', value).matchesEmpty, matchesEmpty);
  });
}

const printed: [type: MatchType, name: string, value: string, text: string][] = [
  ['=', 'a', 'b', 'a="b"'],
  ['!~', 'a.b', 'x"\n', '"a.b"!~"x\\"\\n"'],
  ['=', '', 'x', '""="x"'],
];
for (const [type, name, value, text] of printed) {
  test(`${text} is printed`, () => assert.equal(new Matcher(type, name, value).toString(), text));
}

test('sets and prefixes are of the expression', () => {
  const matcher = new Matcher('!~', 'a', 'foo|fob');
  assert.deepEqual([matcher.setMatches, matcher.prefix], [['foo', 'fob'], 'fo']);
  assert.deepEqual([new Matcher('=', 'a', 'foo').setMatches, new Matcher('=', 'a', 'foo').prefix], [undefined, '']);
});

test('a bad expression is refused in Go’s words', () => {
  assert.throws(() => new Matcher('=~', 'a', 'x('), {
    name: 'MatcherError',
    message: 'error parsing regexp: missing closing ): `x(`',
  });
  assert.throws(() => new Matcher('!~', 'a', '['), MatcherError);
});
