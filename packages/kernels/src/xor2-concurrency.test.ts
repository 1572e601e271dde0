import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Worker} from 'node:worker_threads';
import {XOR_COUNT} from '../layout/xor-chunk.ts';
import {XOR2_DATA, XOR2_OVERHEAD} from '../layout/xor2-chunk.ts';
import {KernelMemory} from './kernel-memory.ts';
import {loadCopy} from './load.ts';

const CHUNK = 1024;
const CAPACITY = 32_768;
const SAMPLES = 4000;
const ROUND = 0;
const ROUNDS = 300;

/**
 * Appends to one chunk over and over, from empty to SAMPLES. The value of sample `i` is `i` * 0.1; starts are known from the sample on that has the
 * number of the round, up to 127, so that the byte about them changes under a reader at another place each time.
 */
const writer = `
  const {workerData: {memory, url}} = require('node:worker_threads');
  import(url).then(({loadArenaKernels}) => {
    const kernels = loadArenaKernels(memory);
    const round = new Int32Array(memory.buffer);
    for (let i = 1; i <= ${ROUNDS}; i++) {
      Atomics.store(round, ${ROUND}, 0);
      kernels.xor2Init(${CHUNK}, ${CAPACITY});
      Atomics.store(round, ${ROUND}, 2 * i);
      for (let k = 0; k < ${SAMPLES}; k++) {
        if (!kernels.xor2Append(${CHUNK}, 1000 * k + k % 7, k * 0.1, k < i % 128 ? 0 : 900 * k)) break;
      }
      Atomics.store(round, ${ROUND}, 2 * i + 1);
    }
  });
`;

test('a reader sees every published sample and start whole while another thread appends', async () => {
  const arena = new WebAssembly.Memory<SharedArrayBuffer>({initial: 1, maximum: 1, shared: true});
  const memory = new KernelMemory({maximumBytes: 1 << 20});
  const copy = loadCopy(arena, memory.memory);
  const room = CAPACITY + XOR2_OVERHEAD;
  const [at, times, values, starts] = [room, SAMPLES * 8, SAMPLES * 8, SAMPLES * 8].map((bytes) => memory.alloc(bytes));
  const words = new Int32Array(arena.buffer);
  const url = new URL('./load.ts', import.meta.url).href;
  const worker = new Worker(writer, {eval: true, workerData: {memory: arena, url}});
  let failure: unknown;
  worker.once('error', (error) => (failure = error));
  const exit = new Promise((resolve) => void worker.once('exit', resolve));
  let reads = 0;
  for (let round = 0; round !== 2 * ROUNDS + 1;) {
    round = Atomics.load(words, ROUND);
    const count = Atomics.load(words, (CHUNK + XOR_COUNT) / 4);
    copy(at, CHUNK, room);
    assert.equal(failure, undefined);
    // A new round began meanwhile, so the chunk is another one.
    if (round < 2 || Atomics.load(words, ROUND) >>> 1 !== round >>> 1) {
      await new Promise((resolve) => void setImmediate(resolve));
      continue;
    }
    const bytes = memory.kernels.xor2Bytes(at);
    const data = at + XOR2_DATA;
    assert.equal(memory.kernels.xor2Decode(data, bytes, count, -Infinity, Infinity, times, values, starts), count);
    const startsFrom = (round >>> 1) % 128;
    for (let k = 0; k < count; k++) {
      const isRight =
        memory.f64[times / 8 + k] === 1000 * k + (k % 7) &&
        memory.f64[values / 8 + k] === k * 0.1 &&
        memory.f64[starts / 8 + k] === (k < startsFrom ? 0 : 900 * k);
      if (!isRight) assert.fail(`sample ${k} of ${count} is wrong`);
    }
    reads++;
  }
  assert.ok(reads > 0);
  assert.equal(await exit, 0);
});
