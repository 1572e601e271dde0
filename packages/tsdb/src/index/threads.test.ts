import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type ReaderReport, runWithReaders, WORD_PROGRESS, WORD_REMOVED} from '../arena/testing-threads.ts';
import type {Collection} from './collection.ts';
import {labelsWithId} from './synthetic-series.ts';
import {TestIndex} from './testing.ts';

const READER = new URL('testing-reader.ts', import.meta.url);

/** Adds series one after the other, and removes the oldest ones `batch` at a time, as long as there are more than `keep`. */
class Churn {
  readonly index = new TestIndex(64);
  readonly #batch: number;
  readonly #keep: number;
  readonly #slots: number[] = [];
  readonly #free: number[] = [];
  #removed = 0;
  #collection: Collection | undefined;
  #collected: number[] = [];

  constructor(batch: number, keep: number) {
    this.#batch = batch;
    this.#keep = keep;
  }

  step(i: number): void {
    const {arena, writer} = this.index;
    assert.equal(this.index.find(labelsWithId(i)), -1);
    const slot = this.#free.shift() ?? writer.slots;
    writer.add(slot);
    this.#slots.push(slot);
    Atomics.store(arena.i32, WORD_PROGRESS, i + 1);
    if (this.#collection === undefined && this.#slots.length > this.#keep + this.#batch) this.#begin();
    if (this.#collection?.step(500) === true) {
      this.#free.push(...this.#collected);
      this.#collection = undefined;
    }
    arena.epochs.reclaim(20);
  }

  #begin(): void {
    this.#collected = this.#slots.splice(0, this.#batch);
    this.#removed += this.#batch;
    Atomics.store(this.index.arena.i32, WORD_REMOVED, this.#removed);
    this.#collection = this.index.writer.collect(Uint32Array.from(this.#collected));
  }
}

function checkReports(reports: readonly ReaderReport[]): void {
  assert.deepEqual(
    reports.flatMap((report) => report.faults),
    [],
  );
  for (const {rounds} of reports) assert.ok(rounds > 6, `${rounds} rounds`);
}

test('readers select every series that was added, and none that does not match, while more are added', async () => {
  const churn = new Churn(0, Infinity);
  const reports = await runWithReaders(churn.index.arena, READER, 'select', 2, (step) => {
    churn.step(step);
    return step < 15_000;
  });
  checkReports(reports);
});

test('the same while old series are removed and their slots used again', async () => {
  const churn = new Churn(300, 600);
  const reports = await runWithReaders(churn.index.arena, READER, 'select', 2, (step) => {
    churn.step(step);
    return step < 15_000;
  });
  checkReports(reports);
  assert.ok(churn.index.writer.slots < 15_000, `${churn.index.writer.slots} slots: none was used again`);
});
