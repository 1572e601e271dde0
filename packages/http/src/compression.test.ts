import assert from 'node:assert/strict';
import {test} from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import {chooseEncoding, GzipWriter} from './compression.ts';

const cases: [accepted: string | undefined, want: string][] = [
  [undefined, 'identity'],
  ['gzip', 'gzip'],
  ['deflate, gzip;q=0.5', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['gzip; q=0.000', 'identity'],
  ['br', 'identity'],
];
for (const [accepted, want] of cases) {
  test(`Accept-Encoding ${accepted}`, () => assert.equal(chooseEncoding(accepted), want));
}

test('pieces make one gzip member', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({maxLength: 2000})), (pieces) => {
      const writer = new GzipWriter();
      const bytes = Buffer.concat([writer.begin(), ...pieces.map((piece) => writer.piece(piece)), writer.end()]);
      assert.deepEqual(zlib.gunzipSync(bytes), Buffer.concat(pieces));
    }),
  );
});
