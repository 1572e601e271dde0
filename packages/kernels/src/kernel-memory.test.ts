import assert from 'node:assert/strict';
import {test} from 'node:test';
import {XOR_COUNT, XOR_DATA, XOR_OVERHEAD} from '../layout/xor-chunk.ts';
import {KernelMemory, MemoryLimitError} from './kernel-memory.ts';
import {loadArenaKernels, loadCopy} from './load.ts';

const PAGE = 65536;

test('allocations are aligned, apart, and never at address 0', () => {
  const memory = new KernelMemory({maximumBytes: PAGE});
  const first = memory.alloc(3);
  const second = memory.alloc(16, 64);
  assert.ok(first > 0);
  assert.equal(second % 64, 0);
  assert.ok(second >= first + 3);
});

test('release gives back all since the mark', () => {
  const memory = new KernelMemory({maximumBytes: PAGE});
  const mark = memory.mark();
  const first = memory.alloc(100);
  memory.release(mark);
  assert.equal(memory.alloc(100), first);
  assert.equal(memory.usedBytes, first + 100);
});

test('the last allocation can be made longer or shorter', () => {
  const memory = new KernelMemory({maximumBytes: 2 * PAGE});
  const at = memory.alloc(10);
  memory.resizeLast(at, PAGE);
  assert.equal(memory.alloc(8), at + PAGE);
  assert.ok(memory.u8.length >= at + PAGE + 8);
});

test('memory grows, keeps what it held, and replaces its views', () => {
  const memory = new KernelMemory({maximumBytes: 64 * PAGE});
  const at = memory.alloc(8);
  memory.f64[at / 8] = 42;
  const before = memory.u8;
  memory.alloc(10 * PAGE);
  assert.notEqual(memory.u8, before);
  assert.equal(memory.f64[at / 8], 42);
});

test('the limit is a catchable error, and the memory goes on working', () => {
  const memory = new KernelMemory({maximumBytes: 4 * PAGE});
  const used = memory.usedBytes;
  assert.throws(
    () => memory.alloc(4 * PAGE),
    (error) => error instanceof MemoryLimitError && error.limitBytes === 4 * PAGE,
  );
  assert.equal(memory.usedBytes, used);
  assert.ok(memory.alloc(2 * PAGE) > 0);
});

test('the peak stays when memory is given back', () => {
  const memory = new KernelMemory({maximumBytes: 4 * PAGE});
  const mark = memory.mark();
  const at = memory.alloc(1000);
  memory.release(mark);
  assert.equal(memory.peakBytes, at + 1000);
});

test('a chunk of the shared arena is decoded in a memory of its own', () => {
  const arena = new WebAssembly.Memory<SharedArrayBuffer>({initial: 1, maximum: 1, shared: true});
  const kernels = loadArenaKernels(arena);
  const chunk = 1024;
  const capacity = 500;
  kernels.xorInit(chunk, capacity);
  for (let i = 0; i < 50; i++) assert.equal(kernels.xorAppend(chunk, 1000 + 15 * i, i / 3), 1);

  const memory = new KernelMemory({maximumBytes: 4 * PAGE});
  const copy = loadCopy(arena, memory.memory);
  memory.alloc(2 * PAGE);
  const at = memory.alloc(capacity + XOR_OVERHEAD);
  copy(at, chunk, capacity + XOR_OVERHEAD);
  const [times, values] = [memory.alloc(50 * 8), memory.alloc(50 * 8)];
  const count = Atomics.load(new Uint32Array(arena.buffer), (chunk + XOR_COUNT) / 4);
  const bytes = memory.kernels.xorBytes(at);
  assert.equal(memory.kernels.xorDecode(at + XOR_DATA, bytes, count, 1000, 2000, times, values), 50);
  assert.equal(memory.f64[times / 8 + 49], 1000 + 15 * 49);
  assert.equal(memory.f64[values / 8 + 49], 49 / 3);
});
