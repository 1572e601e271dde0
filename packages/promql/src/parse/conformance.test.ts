import assert from 'node:assert/strict';
import {test} from 'node:test';
import {assertAllPass} from '@narthex/model/testing/cases.ts';
import {readConformance} from '@narthex/model/testing/conformance.ts';
import {PARSER_LISTS} from './testing/lists.ts';

for (const [name, run] of PARSER_LISTS) {
  const list = readConformance<unknown>(`parser/${name}`);
  test(`upstream's ${name}`, {skip: list.skip}, () => assertAllPass(run(list.read())));
}

const one = {type: 'NumberLiteral', Val: 1, PosRange: {Start: 0, End: 1}};
const open = [{start: 1, end: 1, msg: 'unexpected end of input'}];
const wrong: [name: string, testCase: object][] = [
  ['expressions.json', {input: '1', fail: true}],
  ['expressions.json', {input: '(', fail: false, ast: one}],
  ['expressions.json', {input: '1', fail: false, ast: {...one, Val: 2}}],
  ['expressions.json', {input: '1', fail: false, ast: {...one, PosRange: {Start: 0, End: 2}}}],
  ['expressions.json', {input: '-1', fail: false, ast: one}],
  ['expressions.json', {input: '(', fail: true, errMsg: '1:1: parse error: unexpected end of input'}],
  ['expressions.json', {input: '(', fail: true, errors: [{...open[0], start: 0}]}],
  ['expressions.json', {input: '(', fail: true, errors: [{...open[0], msg: 'unexpected'}]}],
  ['expressions.json', {input: '(', fail: true, errors: [...open, ...open]}],
  ['printer.json', {input: 'a  +b', expected: 'a +b'}],
  ['printer-utf8-labels.json', {input: 'a  +b', expected: 'a +b'}],
  ['prettifier.json', {input: 'foo', expected: 'foo\n'}],
  ['extract-selectors.json', {input: 'foo', selectors: []}],
  ['lexer.json', {input: '1', fail: false, tokens: [{type: 'NUMBER', pos: 1, text: '1'}]}],
  ['lexer.json', {input: '1', fail: false, tokens: []}],
  ['lexer.json', {input: '1', fail: true}],
  ['series-descriptions.json', {input: '{} 1', fail: false, labels: {}, values: [{value: 2}]}],
  ['series-descriptions.json', {input: '{} 1', fail: false, labels: {a: 'b'}, values: [{value: 1}]}],
  ['series-descriptions.json', {input: '{} 1', fail: true}],
  ['histogram-series.json', {name: '', input: '{} {{}}', fail: false, histograms: [{Count: 1}]}],
  ['histogram-series.json', {name: '', input: '{} {{}}', fail: true}],
  ['histogram-test-expression.json', {name: '', histogram: {Count: 1}, expression: '{{count:2}}'}],
];
for (const [name, testCase] of wrong) {
  test(`a wrong case of ${name} fails: ${JSON.stringify(testCase)}`, () => {
    const [{failure}] = PARSER_LISTS.get(name)!({cases: [testCase]});
    assert.notEqual(failure, undefined);
    assert.notEqual(failure!.expected, failure!.got);
  });
}

test('whole numbers beyond 2^53 are texts', () => {
  const selector = {type: 'VectorSelector', Name: 'a', PosRange: {Start: 0, End: 1}};
  const matcher = {name: '__name__', op: '=', value: 'a'};
  const ast = (range: string) => ({
    type: 'MatrixSelector',
    VectorSelector: {...selector, LabelMatchers: [matcher]},
    Range: range,
    EndPos: 7,
  });
  const run = (range: string) =>
    PARSER_LISTS.get('expressions.json')!({cases: [{input: 'a[289y]', fail: false, ast: ast(range)}]});
  assert.equal(run('9113904000000000000')[0].failure?.got, undefined);
  assert.notEqual(run('9113904000000010000')[0].failure, undefined);
});
