import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {IndexReader} from './index-reader.ts';
import {selectInBlock} from './select.ts';
import {SeriesEntry} from './series-entry.ts';

/** Names of the labels of all series of a block that match all `matchers`, in no order. */
export function labelNamesInBlock(index: IndexReader, matchers: readonly Matcher[], memory: KernelMemory): string[] {
  if (matchers.length === 0) return index.labelNames();
  const names = new Set<number>();
  eachSeries(index, matchers, memory, (entry) => {
    for (let i = 0; i < 2 * entry.labelCount; i += 2) names.add(entry.labels[i]);
  });
  return Array.from(names, (symbol) => index.symbols.text(symbol));
}

/** Values of label `name` of all series of a block that match all `matchers`, in no order. */
export function labelValuesInBlock(
  index: IndexReader,
  name: string,
  matchers: readonly Matcher[],
  memory: KernelMemory,
): string[] {
  if (matchers.every((matcher) => matcher.name === name)) {
    return index
      .labelValues(name)
      .filter((value) => value !== '' && matchers.every((matcher) => matcher.matches(value)));
  }
  const symbol = index.symbols.find(name);
  if (symbol < 0) return [];
  const values = new Set<number>();
  eachSeries(index, matchers, memory, (entry) => {
    const value = entry.valueOf(symbol);
    if (value >= 0) values.add(value);
  });
  return Array.from(values, (value) => index.symbols.text(value));
}

function eachSeries(
  index: IndexReader,
  matchers: readonly Matcher[],
  memory: KernelMemory,
  visit: (entry: SeriesEntry) => void,
): void {
  const mark = memory.mark();
  const {address, count} = selectInBlock(index, matchers, memory);
  const entry = new SeriesEntry();
  for (let i = 0; i < count; i++) {
    index.series(memory.u32[(address >>> 2) + i], entry);
    visit(entry);
  }
  memory.release(mark);
}
