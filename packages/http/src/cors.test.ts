import assert from 'node:assert/strict';
import {test} from 'node:test';
import {AnchoredRegex} from '@narthex/model/regex.ts';
import {corsHeaders} from './cors.ts';

const ours = new AnchoredRegex('https://(a|b)\\.example');

const cases: [
  name: string,
  origin: string | undefined,
  allowed: AnchoredRegex | undefined,
  want: string | undefined,
][] = [
  ['any origin', 'https://x', undefined, '*'],
  ['an allowed origin', 'https://a.example', ours, 'https://a.example'],
  ['another origin', 'https://c.example', ours, undefined],
  ['a part of the name is not enough', 'https://a.example.evil', ours, undefined],
  ['no origin', undefined, undefined, undefined],
];
for (const [name, origin, allowed, want] of cases) {
  test(`CORS: ${name}`, () => {
    const headers = corsHeaders(origin, allowed);
    assert.equal(headers['Access-Control-Allow-Origin'], want);
    assert.equal(headers['Vary'], 'Origin');
    assert.equal('Access-Control-Allow-Methods' in headers, origin !== undefined);
  });
}
