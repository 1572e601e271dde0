import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Worker} from 'node:worker_threads';
import {XOR_COUNT, XOR_DATA, XOR_OVERHEAD} from '../layout/xor-chunk.ts';
import {KernelMemory} from './kernel-memory.ts';
import {loadCopy} from './load.ts';

const CHUNK = 1024;
const CAPACITY = 32_768;
const ROUND = 0;
const ROUNDS = 500;

/** Appends to one chunk over and over, from empty to full; the value of sample `i` is `i` * 0.1 in each round. */
const writer = `
  const {workerData: {memory, url}} = require('node:worker_threads');
  import(url).then(({loadArenaKernels}) => {
    const kernels = loadArenaKernels(memory);
    const round = new Int32Array(memory.buffer);
    for (let i = 1; i <= ${ROUNDS}; i++) {
      Atomics.store(round, ${ROUND}, 0);
      kernels.xorInit(${CHUNK}, ${CAPACITY});
      Atomics.store(round, ${ROUND}, 2 * i);
      for (let k = 0; kernels.xorAppend(${CHUNK}, 1000 * k + k % 7, k * 0.1); k++);
      Atomics.store(round, ${ROUND}, 2 * i + 1);
    }
  });
`;

test('a reader sees every published sample whole while another thread appends', async () => {
  const arena = new WebAssembly.Memory<SharedArrayBuffer>({initial: 1, maximum: 1, shared: true});
  const memory = new KernelMemory({maximumBytes: 1 << 20});
  const copy = loadCopy(arena, memory.memory);
  const room = CAPACITY + XOR_OVERHEAD;
  const [at, times, values] = [memory.alloc(room), memory.alloc(CAPACITY * 4), memory.alloc(CAPACITY * 4)];
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
    const bytes = memory.kernels.xorBytes(at);
    assert.equal(memory.kernels.xorDecode(at + XOR_DATA, bytes, count, -Infinity, Infinity, times, values), count);
    for (let k = 0; k < count; k++) {
      if (memory.f64[times / 8 + k] !== 1000 * k + (k % 7) || memory.f64[values / 8 + k] !== k * 0.1) {
        assert.fail(`sample ${k} of ${count} is wrong`);
      }
    }
    reads++;
  }
  assert.ok(reads > 0);
  assert.equal(await exit, 0);
});
