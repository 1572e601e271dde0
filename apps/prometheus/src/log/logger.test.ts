import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Logger, type Fields, type Level} from './logger.ts';

const linesOf = (format: 'logfmt' | 'json', log: (logger: Logger) => void, level: Level = 'info') => {
  const lines: string[] = [];
  log(new Logger(level, format, {}, (line) => void lines.push(line)));
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'T'));
};

const cases: [name: string, fields: Fields, want: string][] = [
  ['plain words', {component: 'tsdb'}, 'time=T level=INFO msg=hello component=tsdb\n'],
  ['spaces are quoted', {err: 'no such file'}, 'time=T level=INFO msg=hello err="no such file"\n'],
  ['line ends are escaped', {err: 'a\nb'}, 'time=T level=INFO msg=hello err="a\\nb"\n'],
  ['errors say their message', {err: new Error('full disk')}, 'time=T level=INFO msg=hello err="full disk"\n'],
  ['absent fields are left out', {a: undefined, b: 1}, 'time=T level=INFO msg=hello b=1\n'],
  ['an empty value', {a: ''}, 'time=T level=INFO msg=hello a=""\n'],
];
for (const [name, fields, want] of cases) {
  test(`logfmt: ${name}`, () =>
    assert.deepEqual(
      linesOf('logfmt', (logger) => logger.info('hello', fields)),
      [want],
    ));
}

test('json: one object a line', () => {
  const lines = linesOf('json', (logger) => logger.with({component: 'web'}).warn('x y', {err: new Error('e')}));
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [{time: 'T', level: 'WARN', msg: 'x y', component: 'web', err: 'e'}],
  );
});

test('lines below the level are not written', () => {
  assert.deepEqual(
    linesOf('logfmt', (logger) => logger.info('x'), 'warn'),
    [],
  );
});
