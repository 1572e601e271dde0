import {LINE_COMMENT} from '@narthex/kernels/layout/scrape-lines.ts';
import type {LineTable} from './line-table.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Finds sample lines of a table by their bytes: made when a body differs from the last one, and dropped with it. */
export class LineIndex {
  readonly #table: LineTable;
  readonly #cells: Int32Array;
  readonly #mask: number;

  constructor(table: LineTable) {
    this.#table = table;
    const size = 2 ** Math.ceil(Math.log2(Math.max(4, table.count * 2)));
    this.#cells = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (let i = 0; i < table.count; i++) if (table.slot(i) !== LINE_COMMENT) this.#insert(i);
  }

  /** Index of the first line with exactly these bytes, -1 when there is none. */
  find(bytes: Uint8Array): number {
    for (let at = hash(bytes) & this.#mask; ; at = (at + 1) & this.#mask) {
      const i = this.#cells[at]!;
      if (i < 0 || equal(this.#table.bytes(i), bytes)) return i;
    }
  }

  #insert(i: number): void {
    let at = hash(this.#table.bytes(i)) & this.#mask;
    while (this.#cells[at]! >= 0) at = (at + 1) & this.#mask;
    this.#cells[at] = i;
  }
}

function hash(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  return hash ^ (hash >>> 15);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
