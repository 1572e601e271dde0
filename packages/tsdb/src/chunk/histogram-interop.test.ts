import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {test} from 'node:test';
import {CHUNK_HISTOGRAM, isFloatEncoding} from './encoding.ts';
import {HistogramChunkEncoder} from './histogram-encoder.ts';
import {counterResetHeader} from './histogram-format.ts';
import {HistogramBench, plainChunk} from './testing-histograms.ts';

const FILE = new URL(
  '../../../../../shared/conformance/tsdb-2.42/data/01M84FK99R7XZAD92GAYH6KTVT/chunks/000001',
  import.meta.url,
);
const FILE_HEADER_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** The chunks of histograms in a file of chunks. */
function* histogramChunks(file: Uint8Array): Generator<{encoding: number; bytes: Uint8Array}> {
  let at = FILE_HEADER_BYTES;
  while (at < file.length) {
    let length = 0;
    let scale = 1;
    for (; file[at] >= 128; scale *= 128) length += (file[at++] & 127) * scale;
    length += file[at++] * scale;
    const encoding = file[at++];
    if (!isFloatEncoding(encoding)) yield {encoding, bytes: file.subarray(at, at + length)};
    at += length + CHECKSUM_BYTES;
  }
}

const skip = existsSync(FILE) ? false : `${fileURLToPath(FILE)} is not there`;
test('chunks of Prometheus 2.42, decoded and encoded again, are the same bytes', {skip}, () => {
  const bench = new HistogramBench();
  const encoder = new HistogramChunkEncoder();
  const encodings = new Set<number>();
  for (const {encoding, bytes} of histogramChunks(readFileSync(FILE))) {
    const header = counterResetHeader(encoding, bytes, 0);
    const samples = bench.decode(encoding, bytes);
    assert.deepEqual(plainChunk(encoding, header, samples), new Uint8Array(bytes));
    encoder.begin(encoding, header);
    bench.scoped(() => {
      for (const sample of samples) {
        const record = bench.record(sample, encoding === CHUNK_HISTOGRAM);
        assert.equal(encoder.append(bench.memory, sample.time, 0, record), 'appended');
      }
    });
    assert.deepEqual(encoder.bytes(), new Uint8Array(bytes));
    encodings.add(encoding);
  }
  assert.deepEqual(encodings, new Set([2, 3]));
});
