// The file `queries.active` in the data folder names the queries that run now, so that after a crash the log can tell which they were.
// Its form is upstream's (promql/query_logger.go): `[`, then slots of 1000 bytes, each empty (zeros) or an entry as JSON, zeros and a
// comma in the last byte. Here every query thread owns the slot of its number and writes it itself, with one positioned write when a query
// begins and one when it ends; a write is with the system when it returns, so the entry outlives this process. The main thread empties the
// slot of a thread that is gone.
import fs from 'node:fs';
import path from 'node:path';
import type {Logger} from '../log/logger.ts';

const FILE = 'queries.active';
const SLOT_BYTES = 1000;
const EMPTY = Buffer.alloc(SLOT_BYTES);
const COMMA = ','.charCodeAt(0);

/** Names of files are the process' own, so that threads can write to the file that the main thread opened. */
export interface ActiveQuerySlot {
  readonly fd: number;
  readonly slot: number;
}

/** The file as the main thread has it. */
export class ActiveQueries {
  readonly fd: number;

  /** Log what ran when the last process that used `folder` crashed, and begin anew. Throws what the file system says. */
  constructor(folder: string, slots: number, log: Logger) {
    const file = path.join(folder, FILE);
    logUnfinished(file, 1 + slots * SLOT_BYTES, log);
    this.fd = fs.openSync(file, 'w+', 0o666);
    fs.writeSync(this.fd, '[', 0);
    fs.ftruncateSync(this.fd, 1 + slots * SLOT_BYTES);
  }

  /** Only once all threads are gone: what is opened next gets the same number. */
  close(): void {
    fs.closeSync(this.fd);
  }
}

/** Note that `query` runs in this slot from now on. */
export function beginActiveQuery({fd, slot}: ActiveQuerySlot, query: string, timeMs: number): void {
  write(fd, slot, entryOf(query, Math.floor(timeMs / 1000)));
}

/** Note that nothing runs in this slot any more. */
export function endActiveQuery({fd, slot}: ActiveQuerySlot): void {
  write(fd, slot, EMPTY);
}

function write(fd: number, slot: number, entry: Buffer): void {
  try {
    fs.writeSync(fd, entry, 0, SLOT_BYTES, 1 + slot * SLOT_BYTES);
  } catch {
    // A full disk must not keep queries from running.
  }
}

/** The bytes of a slot; of a long query only the beginning fits. */
function entryOf(query: string, timestampSec: number): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  const room = SLOT_BYTES - 1;
  let kept = query.slice(0, room);
  let entry = JSON.stringify({query: kept, timestamp_sec: timestampSec});
  for (let over = Buffer.byteLength(entry) - room; over > 0; over = Buffer.byteLength(entry) - room) {
    // A character takes at most six bytes (`\u0000`), so this never cuts more than it has to by much, and ends.
    kept = kept.slice(0, kept.length - Math.ceil(over / 6)).toWellFormed();
    entry = JSON.stringify({query: kept, timestamp_sec: timestampSec});
  }
  bytes.write(entry);
  bytes[room] = COMMA;
  return bytes;
}

function logUnfinished(file: string, bytesMax: number, log: Logger): void {
  const entries = unfinished(file, bytesMax, log);
  if (entries.length <= 1) return;
  log.info("These queries didn't finish in prometheus' last run:", {queries: `${entries.slice(0, -1)}]`});
}

/** `[` and entries with a comma after each; empty where there is no such file. */
function unfinished(file: string, bytesMax: number, log: Logger): string {
  if (!fs.existsSync(file)) return '';
  try {
    const fd = fs.openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(bytesMax);
      return bytes.toString('utf8', 0, fs.readSync(fd, bytes)).replaceAll('\0', '');
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    log.error('Failed to read query log file', {err: error});
    return '';
  }
}
