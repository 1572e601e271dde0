import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Router} from './router.ts';

const router = new Router<string>();
router.add(['GET', 'POST'], '/api/v1/query', 'query');
router.add(['GET'], '/api/v1/label/:name/values', 'values');
router.add(['GET'], '/static/*file', 'static');

const cases: [name: string, method: string, path: string, want: unknown][] = [
  ['a literal path', 'POST', '/api/v1/query', {kind: 'found', handler: 'query', parameters: {}}],
  ['HEAD is answered like GET', 'HEAD', '/api/v1/query', {kind: 'found', handler: 'query', parameters: {}}],
  ['another method', 'PUT', '/api/v1/query', {kind: 'wrong method', allowed: ['GET', 'POST']}],
  ['a parameter', 'GET', '/api/v1/label/job/values', {kind: 'found', handler: 'values', parameters: {name: 'job'}}],
  [
    'an encoded parameter',
    'GET',
    '/api/v1/label/a%2Fb/values',
    {kind: 'found', handler: 'values', parameters: {name: 'a/b'}},
  ],
  ['an empty parameter', 'GET', '/api/v1/label//values', {kind: 'nothing'}],
  ['a malformed escape', 'GET', '/api/v1/label/%zz/values', {kind: 'nothing'}],
  ['a longer path', 'GET', '/api/v1/label/job/values/x', {kind: 'nothing'}],
  ['the rest of a path', 'GET', '/static/js/a.js', {kind: 'found', handler: 'static', parameters: {file: 'js/a.js'}}],
  ['an unknown path', 'GET', '/nothing', {kind: 'nothing'}],
];
for (const [name, method, path, want] of cases) {
  test(`router: ${name}`, () => assert.deepEqual(router.find(method, path), want));
}

test('router: the same route twice is a bug', () => {
  assert.throws(() => router.add(['GET'], '/api/v1/query', 'again'), /there already/);
});
