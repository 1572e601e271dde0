import assert from 'node:assert/strict';
import {test} from 'node:test';
import {failure, success} from './envelope.ts';
import {ApiError, type ApiErrorType} from './errors.ts';

const successes: [name: string, data: unknown, warnings: string[] | undefined, want: string][] = [
  ['a list', ['a'], undefined, '{"status":"success","data":["a"]}'],
  ['nothing to warn of', {}, [], '{"status":"success","data":{}}'],
  ['warnings', [], ['w'], '{"status":"success","data":[],"warnings":["w"]}'],
];
for (const [name, data, warnings, want] of successes) {
  test(`envelope: ${name}`, () => {
    const {status, headers, body} = success(data, warnings);
    assert.deepEqual([status, headers['Content-Type'], body], [200, 'application/json', want]);
  });
}

const failures: [type: ApiErrorType, status: number][] = [
  ['bad_data', 400],
  ['execution', 422],
  ['timeout', 503],
  ['canceled', 499],
  ['internal', 500],
  ['unavailable', 500],
  ['not_found', 404],
  ['not_acceptable', 406],
];
for (const [type, want] of failures) {
  test(`envelope: ${type}`, () => {
    const {status, body} = failure(new ApiError(type, 'why "so"'));
    assert.equal(status, want);
    assert.equal(body, `{"status":"error","errorType":"${type}","error":"why \\"so\\""}`);
  });
}

test('envelope: an error with a status of its own', () => {
  assert.equal(failure(new ApiError('execution', 'x', {status: 404})).status, 404);
});
