import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {BlockWriter} from '../block/block-writer.ts';
import {compareLabelNumbers} from '../block/index-writer.ts';
import {mergeSymbols} from './merge-symbols.ts';
import {type MergeOptions, SeriesMerger} from './series-merger.ts';
import type {CompactionSource} from './source.ts';

/** Series between two pauses. */
const SLICE = 64;

/**
 * Writes the content of all sources to `writer`: their symbols, and their series in the order of labels, each once. `sources`
 * in the order of their first time. Pauses now and then, and does not complete the block.
 */
export function* mergeSources(
  sources: readonly CompactionSource[],
  writer: BlockWriter,
  memory: KernelMemory,
  options: MergeOptions,
): Generator<undefined, void> {
  const numbers = yield* mergeSymbols(sources, writer);
  const cursors = sources.map((source, i) => new SeriesCursor(source, numbers[i]));
  const merger = new SeriesMerger(memory, options);
  for (let count = 1; ; count++) {
    const first = firstOf(cursors);
    if (first === undefined) return;
    const same = cursors.filter((cursor) => !cursor.isDone && cursor.compare(first) === 0);
    for (const cursor of same) merger.add(cursor.source);
    merger.write(writer);
    writer.addSeries(first.labels, first.source.labelCount);
    for (const cursor of same) cursor.next();
    if (count % SLICE === 0) yield;
  }
}

function firstOf(cursors: readonly SeriesCursor[]): SeriesCursor | undefined {
  let first: SeriesCursor | undefined;
  for (const cursor of cursors) {
    if (!cursor.isDone && (first === undefined || cursor.compare(first) < 0)) first = cursor;
  }
  return first;
}

/** The present series of a source, with labels in the new block's numbers. */
class SeriesCursor {
  readonly source: CompactionSource;
  isDone = false;
  labels = new Uint32Array(64);
  readonly #numbers: Uint32Array;

  constructor(source: CompactionSource, numbers: Uint32Array) {
    this.source = source;
    this.#numbers = numbers;
    this.next();
  }

  next(): void {
    this.isDone = !this.source.next();
    if (this.isDone) return;
    const {labels, labelCount} = this.source;
    if (this.labels.length < 2 * labelCount) this.labels = new Uint32Array(4 * labelCount);
    for (let i = 0; i < 2 * labelCount; i++) this.labels[i] = this.#numbers[labels[i]];
  }

  compare(other: SeriesCursor): number {
    return compareLabelNumbers(this.labels, this.source.labelCount, other.labels, other.source.labelCount);
  }
}
