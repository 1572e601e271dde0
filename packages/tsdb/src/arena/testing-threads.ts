import {Worker} from 'node:worker_threads';
import type {Arena} from './arena.ts';
import {HEAD_ROOTS, HEAD_ROOTS_END} from './layout.ts';

// Readers in real threads for tests. The last words of the head's roots say when to stop and how many have begun.

export const WORD_STOP = HEAD_ROOTS_END / 4 - 1;
export const WORD_STARTED = HEAD_ROOTS_END / 4 - 2;
/** How far the writer is, for readers to check against. */
export const WORD_PROGRESS = HEAD_ROOTS_END / 4 - 3;

/** Below this, what the writer had published may be gone. */
export const WORD_REMOVED = HEAD_ROOTS_END / 4 - 4;

/** Bytes of a block of the test of epochs, all words of one value; its address is published in the head's first root. */
export const BLOCK_BYTES = 256;
export const TABLE = HEAD_ROOTS + 64;
export const VECTOR = HEAD_ROOTS + 128;
export const RECORDS = HEAD_ROOTS + 192;
export const RECORD_BYTES = 12;

/** A permutation of the 32-bit numbers. */
export function scramble(i: number): number {
  const x = Math.imul(i ^ (i >>> 16), 0x45d9f3b);
  return Math.imul(x ^ (x >>> 16), 0x45d9f3b) | 0;
}

export interface ReaderReport {
  /** Looks that were taken. */
  readonly rounds: number;
  /** The first things that were seen and must not be. */
  readonly faults: readonly string[];
}

export interface ReaderData {
  readonly memory: WebAssembly.Memory<SharedArrayBuffer>;
  readonly reader: number;
  readonly task: string;
}

/**
 * Run `write` (a step of the writer, until it returns false) while `readers` threads run `module`'s reader; gives their reports.
 */
export async function runWithReaders(
  arena: Arena,
  module: URL,
  task: string,
  readers: number,
  write: (step: number) => boolean,
): Promise<ReaderReport[]> {
  const reports = Array.from({length: readers}, (_, reader) => startReader(arena, module, task, reader));
  while (Atomics.load(arena.i32, WORD_STARTED) < readers) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let step = 0; write(step); step++) if (step % 1000 === 0) await new Promise(setImmediate);
  Atomics.store(arena.i32, WORD_STOP, 1);
  return Promise.all(reports);
}

function startReader(arena: Arena, module: URL, task: string, reader: number): Promise<ReaderReport> {
  const worker = new Worker(module, {workerData: {memory: arena.memory, reader, task} satisfies ReaderData});
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
