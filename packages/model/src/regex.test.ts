import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {RE2JS} from 're2js';
import {planRegex} from './regex/plan.ts';
import {AnchoredRegex, RegexError} from './regex.ts';

const plain = (pattern: string, text: string): boolean => RE2JS.compile(pattern, RE2JS.DOTALL).testExact(text);

const sets: [pattern: string, want: string[] | undefined][] = [
  ['', ['']],
  ['foo', ['foo']],
  ['^foo$', ['foo']],
  ['(foo|bar)', ['foo', 'bar']],
  ['foo|', ['foo', '']],
  ['a(b|f)', ['ab', 'af']],
  ['(?:a|b)(c|d)e', ['ace', 'ade', 'bce', 'bde']],
  ['foo[12]', ['foo1', 'foo2']],
  ['fo?o', ['foo', 'fo']],
  ['a{3}', ['aaa']],
  ['10\\.0\\.(1|2)', ['10.0.1', '10.0.2']],
  ['(?s)foo', ['foo']],
  ['foo\\n', ['foo\n']],
  ['(?i)foo', undefined],
  ['foo.', undefined],
  ['foo.*', undefined],
  ['[^a]', undefined],
  ['(^foo|bar$)', ['foo', 'bar']],
  ['a^b', undefined],
  ['(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q)(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q)', undefined],
];
for (const [pattern, want] of sets) {
  test(`the set of texts of ${JSON.stringify(pattern)}`, () => {
    assert.deepEqual(new AnchoredRegex(pattern).setMatches?.toSorted(), want?.toSorted());
  });
}

const prefixes: [pattern: string, want: string][] = [
  ['foo.*', 'foo'],
  ['foo|fob', 'fo'],
  ['(foo|fob).+', 'fo'],
  ['foo[^a]+', 'foo'],
  ['foo*', 'fo'],
  ['foo\\d+', 'foo'],
  ['(?i)foo.*', ''],
  ['.*foo', ''],
  ['foo.*|bar.*', ''],
  ['😀a|😁a', ''],
];
for (const [pattern, want] of prefixes) {
  test(`the prefix of ${pattern}`, () => assert.equal(new AnchoredRegex(pattern).prefix, want));
}

const matches: [pattern: string, yes: string[], no: string[]][] = [
  ['fo.*of', ['foof', 'fo\nof'], ['fof', 'xfoof']],
  ['a.*.b', ['axb', 'a😀b', 'a12b'], ['ab', 'b']],
  ['a..*b', ['axb', 'a12b'], ['ab']],
  ['.+a.+', ['xay', 'aaa'], ['ax', 'xa', 'aa']],
  ['.*a.b.*', ['axb', 'aaxb', 'xa😀bx'], ['ab', 'a12b']],
  ['a.?', ['a', 'a😀', 'a\n'], ['ab1', '']],
  ['(?i)task', ['TASK', 'taſK', 'tasK'], ['tas', 'tasks']],
  ['(?i:k)b', ['Kb', 'Kb'], ['kB']],
];
for (const [pattern, yes, no] of matches) {
  test(`${pattern} matches what it should`, () => {
    const regex = new AnchoredRegex(pattern);
    for (const text of yes) assert.ok(regex.matches(text), text);
    for (const text of no) assert.ok(!regex.matches(text), text);
  });
}

const quick = [
  '.*',
  '.+',
  'foo',
  'foo|bar',
  'foo.*',
  '.*foo',
  '.*foo.*',
  'foo.+bar',
  '(?i)foo',
  '(?i:.*foo.*)',
  'a.c',
  '(a|b).*',
];
for (const pattern of quick) {
  test(`${pattern} needs no RE2`, () => assert.notEqual(planRegex(pattern).exact, undefined));
}

const refused: [pattern: string, message: string][] = [
  ['(foo', 'error parsing regexp: missing closing ): `(foo`'],
  ['foo)', 'error parsing regexp: unexpected ): `foo)`'],
  ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
  ['*a', 'error parsing regexp: missing argument to repetition operator: `*`'],
  ['(?i)*', 'error parsing regexp: missing argument to repetition operator: `*`'],
  ['(?i)?', 'error parsing regexp: missing argument to repetition operator: `?`'],
  ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
  ['((a{100}){100}){100}', 'error parsing regexp: invalid repeat count: `{100}`'],
  ['((((a{8}){8}){8}){8}){8}', 'error parsing regexp: invalid repeat count: `{8}`'],
  ['[b-a]', 'error parsing regexp: invalid character class range: `b-a`'],
  ['[a', 'error parsing regexp: missing closing ]: `[a`'],
  ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
  ['\\8', 'error parsing regexp: invalid escape sequence: `\\8`'],
  ['a\\', 'error parsing regexp: trailing backslash at end of expression: ``'],
  ['(?P<n>a)(?P<n>b)', 'error parsing regexp: duplicate capture group name: `n`'],
  ['(?P<a-b>x)', 'error parsing regexp: invalid named capture: `(?P<a-b>`'],
];
for (const [pattern, message] of refused) {
  test(`${pattern} is refused in Go’s words`, () => {
    assert.throws(
      () => new AnchoredRegex(pattern),
      (error) => error instanceof RegexError && error.message === message,
    );
  });
}

const expansions: [pattern: string, template: string, text: string, want: string | undefined][] = [
  ['(.*)', '$1', 'foo', 'foo'],
  ['(.*)', '$1', '', ''],
  ['(.+)', '$1', '', undefined],
  ['f(.*)', 'ch${1}-ch$1', 'foo', 'choo-choo'],
  ['f(.*)', '$1a', 'foo', ''],
  ['f(?P<x>.)(?P<y1>.*)', '$y1-${x}', 'foobar', 'obar-o'],
  ['f(.)|g', '[$1]', 'g', '[]'],
  ['(.)', '$$1 $ ${ ${} $- $2 $01 $0', 'x', '$1 $ ${ ${} $-   x'],
  ['a\\.(.+)b', '$1', 'a.cb', 'c'],
  ['(.*)', '$constructor', 'x', ''],
  ['a|b', '$0$1$x', 'b', 'b'],
  ['foo', 'bar', 'baz', undefined],
  ['foo', 'bar', 'foo', 'bar'],
  ['a.c', '$0', 'a\nc', 'a\nc'],
];
for (const [pattern, template, text, want] of expansions) {
  test(`${template} from ${pattern} on ${JSON.stringify(text)}`, () => {
    assert.equal(new AnchoredRegex(pattern).expand(template, text), want);
  });
}

const atom = fc.constantFrom(
  'a',
  'b',
  'k',
  's',
  'S',
  'é',
  'ſ',
  'K',
  '😀',
  '.',
  '.*',
  '.+',
  '.?',
  '^',
  '$',
  '\\.',
  '\\n',
  '\\d',
  '[ab]',
  '[^a]',
  '[a-c]',
  '\\b',
  '(?i)',
  '(?-i)',
  '(?s)',
  '(?-s)',
  '{',
  'a{2}',
  '.{2,}',
  'a{1,2}',
  '\\A',
  '\\z',
  '(?m)',
  '[]a]',
  '[[:alpha:]]',
  '\\pL',
);
const {pattern: patterns} = fc.letrec<{pattern: string; concat: string; repeated: string}>((tie) => ({
  pattern: fc.array(tie('concat'), {minLength: 1, maxLength: 3, depthIdentifier: 'p'}).map((parts) => parts.join('|')),
  concat: fc.array(tie('repeated'), {maxLength: 5, depthIdentifier: 'p'}).map((parts) => parts.join('')),
  repeated: fc.oneof(
    {depthIdentifier: 'p', maxDepth: 3},
    atom,
    fc
      .tuple(
        fc.constantFrom('(', '(?:', '(?i:', '(?P<n>'),
        tie('pattern'),
        fc.constantFrom(')', ')?', ')*', ')+', '){2}'),
      )
      .map((parts) => parts.join('')),
  ),
}));
const texts = fc
  .array(fc.constantFrom('a', 'A', 'b', 'c', 'k', 'K', 's', 'S', 'ſ', 'K', 'é', 'É', '\n', '.', '1', '😀', '{'), {
    maxLength: 8,
  })
  .map((chars) => chars.join(''));

test('matches, sets and prefixes agree with RE2', () => {
  fc.assert(
    fc.property(patterns, fc.array(texts, {minLength: 8, maxLength: 8}), (pattern, inputs) => {
      let reference: RE2JS;
      try {
        reference = RE2JS.compile(pattern, RE2JS.DOTALL);
      } catch {
        assert.throws(() => new AnchoredRegex(pattern), RegexError);
        return;
      }
      const regex = new AnchoredRegex(pattern);
      for (const text of [...inputs, ...(regex.setMatches ?? [])]) {
        const want = reference.testExact(text);
        assert.equal(regex.matches(text), want, JSON.stringify(text));
        if (regex.setMatches) assert.equal(regex.setMatches.includes(text), want);
        if (want) assert.ok(text.startsWith(regex.prefix));
        assert.equal(regex.groups(text) !== undefined, want);
      }
    }),
    {numRuns: 2000},
  );
});

test('groups and expansions agree with RE2', () => {
  const grouped = fc.oneof(
    patterns,
    fc
      .tuple(
        fc.constantFrom('', 'a', 'a\\.', 'k😀', '(?i)a', '\\d'),
        fc.constantFrom('(.*)', '(.+)', '(.)', '(?P<n>.*)', '(.*?)'),
        fc.constantFrom('', 'b', '\\$', '.'),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(grouped, texts, (pattern, text) => {
      let reference: RE2JS;
      try {
        reference = RE2JS.compile(pattern, RE2JS.DOTALL);
      } catch {
        return;
      }
      const matcher = reference.matcher(text);
      const want = matcher.matches()
        ? Array.from({length: matcher.groupCount() + 1}, (_, i) => matcher.group(i) ?? undefined)
        : undefined;
      const regex = new AnchoredRegex(pattern);
      assert.deepEqual(regex.groups(text), want);
      const expansion = want && `${want[0]}-${want[1] ?? ''}-${want[reference.namedGroups().n] ?? ''}`;
      assert.equal(regex.expand('$0-$1-$n', text), expansion);
    }),
    {numRuns: 2000},
  );
});

test('any text is compiled or refused with RegexError, as RE2 does', () => {
  fc.assert(
    fc.property(
      fc.string({unit: fc.constantFrom(...'ab01()[]{}|*+?.^$\\-:,<>PisU&'), maxLength: 12}),
      texts,
      (pattern, text) => {
        let want: boolean | undefined;
        try {
          want = plain(pattern, text);
        } catch {
          want = undefined;
        }
        if (want === undefined) assert.throws(() => new AnchoredRegex(pattern), RegexError);
        else assert.equal(new AnchoredRegex(pattern).matches(text), want);
      },
    ),
    {numRuns: 2000},
  );
});

test('a half of a surrogate pair is no expression', () => {
  assert.throws(() => new AnchoredRegex('a\ud800'), /invalid UTF-8/);
});

test('no expression takes long to be understood', () => {
  for (const pattern of [
    'a.*b.*'.repeat(20_000),
    '(a|b)'.repeat(20_000),
    `(${'a|'.repeat(200)}b)${'cd\\.'.repeat(20_000)}`,
    '(?:'.repeat(99) + 'a?'.repeat(9_000) + ')'.repeat(99),
  ]) {
    try {
      planRegex(pattern);
    } catch {
      assert.fail('planning never throws');
    }
  }
});

test('an expression that would take too much memory is refused', () => {
  for (const pattern of [
    '.{1000}'.repeat(251),
    '(a)'.repeat(50_000),
    'a.*b.*'.repeat(30_000) + '|c.*d|e.*f',
    `[^a]${'a'.repeat(128 * 1024)}`,
    '(a{100}){11}'.repeat(2000),
  ]) {
    assert.throws(
      () => new AnchoredRegex(pattern),
      /^RegexError: error parsing regexp: (?:expression too large|invalid repeat)/,
    );
  }
  assert.equal(
    new AnchoredRegex(Array.from({length: 15_000}, (_, i) => `name-${i}`).join('|')).setMatches?.length,
    15_000,
  );
});
