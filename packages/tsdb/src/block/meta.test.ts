import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {addHint, HINT_OUT_OF_ORDER, HINT_STALE_SERIES, MetaError, newMeta, parseMeta, printMeta} from './meta.ts';
import {SAMPLE_DATA} from './testing-blocks.ts';
import {isUlid} from './ulid.ts';

const noData = SAMPLE_DATA === undefined ? 'data of Prometheus 2.42 is not at hand' : false;

test('the meta of blocks of Prometheus is printed as it was', {skip: noData}, () => {
  for (const name of fs.readdirSync(SAMPLE_DATA!).filter(isUlid)) {
    const text = fs.readFileSync(path.join(SAMPLE_DATA!, name, 'meta.json'), 'utf8');
    assert.equal(printMeta(parseMeta(text)), text);
  }
});

test('all that a meta can say is kept, what nobody here knows too', () => {
  const meta = newMeta('01M84FK8X2BJFXANZSA7MJH7ZJ', -5, 10);
  Object.assign(meta.stats, {numSamples: 4, numFloatSamples: 1, numHistogramSamples: 3, numTombstones: 2});
  Object.assign(meta.compaction, {deletable: true, failed: true, parents: [{ulid: 'x', minTime: 0, maxTime: 1}]});
  addHint(meta, HINT_STALE_SERIES);
  addHint(meta, HINT_OUT_OF_ORDER);
  addHint(meta, HINT_OUT_OF_ORDER);
  const full = {...meta, unknown: {thanos: {labels: {a: 'b'}, version: 1}}};
  assert.deepEqual(parseMeta(printMeta(full)), full);
  assert.deepEqual(full.compaction.hints, [HINT_OUT_OF_ORDER, HINT_STALE_SERIES]);
});

const bad: [text: string, message: RegExp][] = [
  ['', /no JSON/],
  ['[]', /want an object/],
  ['{}', /unexpected meta file version 0/],
  ['{"version": 2}', /unexpected meta file version 2/],
  ['{"version": 1}', /ulid: want a string/],
  ['{"version": 1, "ulid": "x", "minTime": 1.5}', /minTime: want a whole number/],
  ['{"version": 1, "ulid": "x", "compaction": {"sources": "x"}}', /sources: want a list/],
];
for (const [text, message] of bad) {
  test(`no meta: ${text}`, () => assert.throws(() => parseMeta(text), {name: MetaError.name, message}));
}
