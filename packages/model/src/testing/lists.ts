import assert from 'node:assert/strict';
import {RE2JS} from 're2js';
import {DurationError, formatDuration, parseDuration, parseSignedDuration} from '../duration.ts';
import {Matcher, type MatchType} from '../matcher.ts';
import {AnchoredRegex} from '../regex.ts';
import {type CaseText, eachCase, type ListRunner, runCase} from './cases.ts';

interface DurationCase {
  readonly input: string;
  readonly fail: boolean;
  readonly ns?: number | string;
  readonly string?: string;
  readonly allowNegative?: boolean;
}

const durations = eachCase<DurationCase>(({input, fail, ns, string, allowNegative}) => {
  const parse = allowNegative === true ? parseSignedDuration : parseDuration;
  if (fail) {
    assert.throws(() => parse(input), DurationError);
    return;
  }
  assert.equal(parse(input), Number(BigInt(ns!) / 1_000_000n));
  assert.equal(formatDuration(parse(input)), string);
});

interface MatchingCase {
  readonly matcher: {readonly op: MatchType; readonly name: string; readonly value: string};
  readonly value: string;
  readonly match: boolean;
}

const matching = eachCase<MatchingCase>(({matcher: {op, name, value: pattern}, value, match}) => {
  assert.equal(new Matcher(op, name, pattern).matches(value), match);
});

interface PlainMatcher {
  readonly Type: MatchType;
  readonly Name: string;
  readonly Value: string;
}

const inverses = eachCase<{matcher: PlainMatcher; expected: PlainMatcher}>(({matcher, expected}) => {
  const inverse = new Matcher(matcher.Type, matcher.Name, matcher.Value).inverse();
  assert.deepEqual({Type: inverse.type, Name: inverse.name, Value: inverse.value}, expected);
});

/** A case for each expression, with all texts of the list; RE2 itself says what is right. */
const regexes: ListRunner = (list) => {
  const {values, cases} = list as {values: CaseText[]; cases: string[]};
  const texts = values.filter((value) => typeof value === 'string');
  return cases.map((pattern, i) =>
    runCase(`${i}: ${pattern}`, () => {
      const regex = new AnchoredRegex(pattern);
      const reference = RE2JS.compile(pattern, RE2JS.DOTALL);
      assert.deepEqual(
        texts.filter((text) => regex.matches(text)),
        texts.filter((text) => reference.testExact(text)),
      );
    }),
  );
};

/** The lists of the folder `parser` that are about what this package has, by the name of their file. */
export const MODEL_LISTS: ReadonlyMap<string, ListRunner> = new Map([
  ['durations.json', durations],
  ['label-matching.json', matching],
  ['label-matcher-inverse.json', inverses],
  ['regex-corpus.json', regexes],
]);
