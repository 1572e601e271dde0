// What is behind a feature flag upstream is refused without it, in upstream's words, and read with it.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FUNCTIONS} from './functions.ts';
import {parseExpr, type ParserOptions} from './parser.ts';

const argumentsOf = {scalar: '1', vector: '{a="b"}', matrix: 'a[5m]', string: '"s"', none: ''} as const;

type Case = [option: keyof ParserOptions, query: string, error: string];

const functions: Case[] = [...FUNCTIONS.values()]
  .filter(({experimental}) => experimental)
  .map(({name, argTypes}) => [
    'experimentalFunctions',
    `${name}(${argTypes.map((type) => argumentsOf[type]).join(', ')})`,
    `1:1: parse error: function "${name}" is not enabled`,
  ]);

const aggregations: Case[] = ['limitk', 'limit_ratio'].map((op) => [
  'experimentalFunctions',
  `${op}(1, a)`,
  `1:1: parse error: ${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
]);

const modifiers: Case[] = [
  ...['anchored', 'smoothed'].flatMap((word): Case[] => [
    ['extendedRangeSelectors', `a ${word}`, `1:1: parse error: ${word} modifier is experimental and not enabled`],
    ['extendedRangeSelectors', `a[5m] ${word}`, `1:1: parse error: ${word} modifier is experimental and not enabled`],
  ]),
  ...['fill', 'fill_left', 'fill_right'].map((word): Case => [
    'fillModifiers',
    `a + ${word}(0) b`,
    '1:1: parse error: binop fill modifiers are experimental and not enabled',
  ]),
];

for (const [option, query, error] of [...functions, ...aggregations, ...modifiers]) {
  test(`without its feature: ${query}`, () => {
    assert.throws(() => parseExpr(query), {message: error});
    assert.ok(parseExpr(query, {[option]: true}));
  });
}
