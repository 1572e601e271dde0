import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {nodeDisk} from '../disk.ts';
import {putRecord} from './commit-log.ts';
import {
  decodeExemplars,
  decodeMarkers,
  decodeMetadata,
  decodeTombstones,
  encodeExemplars,
  encodeMarkers,
  encodeMetadata,
  encodeTombstones,
} from './rare-records.ts';
import {recordTypeName} from './record-types.ts';
import {encodeSampleRecords} from './sample-records.ts';
import {SampleRun} from './sample-run.ts';
import {readLog, testMemory} from './testing-records.ts';

const recorded = fileURLToPath(new URL('../../../../../shared/conformance/tsdb-2.42/data', import.meta.url));
const memory = testMemory();

/** The record of samples after reading and writing it. */
function samplesAgain(record: Uint8Array): Uint8Array {
  const mark = memory.mark();
  const counts = {samples: 0, samplesOld: 0, samplesBeyond: 0, histogramsRefused: 0};
  let again: Uint8Array[] = [];
  const run = new SampleRun(memory, {
    minTime: -Infinity,
    order: 'log',
    counts,
    capacity: 4096,
    give: (samples) => {
      again = encodeSampleRecords(samples).map(({at, length}) => memory.u8.slice(at, at + length));
    },
  });
  assert.ok(run.add(putRecord(memory, record)));
  run.flush();
  memory.release(mark);
  assert.ok(counts.samples > 0);
  assert.deepEqual([again.length, counts.samplesBeyond, counts.histogramsRefused], [1, 0, 0]);
  return again[0]!;
}

const AGAIN: Record<string, (record: Uint8Array) => Uint8Array> = {
  samples: samplesAgain,
  histogram_samples: samplesAgain,
  float_histogram_samples: samplesAgain,
  tombstones: (record) => encodeTombstones(decodeTombstones(record)),
  exemplars: (record) => encodeExemplars(decodeExemplars(record)),
  mmapmarkers: (record) => encodeMarkers(decodeMarkers(record)),
  metadata: (record) => encodeMetadata(decodeMetadata(record)),
};

const FOLDERS: readonly (readonly [folder: string, types: readonly string[]])[] = [
  ['wal', ['exemplars', 'float_histogram_samples', 'histogram_samples', 'samples', 'tombstones']],
  ['wbl', ['mmapmarkers', 'samples']],
];

for (const [folder, types] of FOLDERS) {
  test(`records of Prometheus 2.42 are the same after reading and writing them: ${folder}`, (t) => {
    if (!fs.existsSync(recorded)) return t.skip(`no conformance data: ${recorded}`);
    const found = new Set<string>();
    for (const record of readLog(nodeDisk, path.join(recorded, folder))) {
      const name = recordTypeName(record[0]!);
      if (name === 'series') continue;
      found.add(name);
      assert.deepEqual(Buffer.from(AGAIN[name]!(record)), Buffer.from(record), name);
    }
    assert.deepEqual([...found].sort(), types);
  });
}
