// A query thread: takes its priority before anything else, so that even its own start gives way to scraping, then waits for jobs.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {workerData} from 'node:worker_threads';
import {control, QUERY_NICE, type QueryThreadData} from './messages.ts';

/** The thread's priority, and where the main thread finds it to change that. Without either, queries work as well. */
function introduceToSystem(words: Int32Array): void {
  try {
    os.setPriority(QUERY_NICE);
    Atomics.store(words, control.systemThread, Number(path.basename(fs.readlinkSync('/proc/thread-self'))));
  } catch {
    // Not Linux, or no such file system.
  }
}

introduceToSystem(new Int32Array((workerData as QueryThreadData).control));
await import('./query-jobs.ts');
