import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import {readBlockPlainly} from '../block/testing-blocks.ts';
import {nodeDisk} from '../disk.ts';
import {bitsOf, TestHead} from '../head/testing-head.ts';
import {Compactor, finishWork} from './compactor.ts';
import {HeadSource} from './head-source.ts';
import {decodePlainly} from './testing-source.ts';

const run = fc.record({
  series: fc.integer({min: 0, max: 12}),
  times: fc.uniqueArray(fc.integer({min: 0, max: 3000}), {maxLength: 300}),
});
const borders = fc.uniqueArray(fc.integer({min: 0, max: 3000}), {minLength: 2, maxLength: 2});

test('a block of the head holds what the head has in its range', () => {
  fc.assert(
    fc.property(fc.array(run, {maxLength: 8}), borders, (runs, edges) => {
      const head = new TestHead();
      const samples = runs.flatMap(({series, times}) => times.map((time) => ({series, time, bits: bitsOf(time / 3)})));
      samples.sort((a, b) => a.time - b.time);
      for (let i = 0; i < samples.length; i += 50) head.append(samples.slice(i, i + 50));
      const [minTime, maxTime] = edges.toSorted((a, b) => a - b);
      const want = head.readAll(minTime, maxTime - 1);
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-head-block-'));
      const source = new HeadSource(head.reader, head.readerMemory, {minTime, maxTime});
      const meta = finishWork(new Compactor({disk: nodeDisk, folder}).write(source, {minTime, maxTime}));
      const found = meta === undefined ? new Map() : decodePlainly(readBlockPlainly(path.join(folder, meta.ulid)));
      fs.rmSync(folder, {recursive: true});
      const plain = [...want].filter(([, list]) => list.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(
        [...found],
        plain.map(([name, list]) => [
          JSON.stringify([
            ['__name__', 'test'],
            ['series', name],
          ]),
          new Map(list.map(({time}) => [time, time / 3])),
        ]),
      );
    }),
    {numRuns: 60},
  );
});

/** What a block of the part in question would hold: times by name of the series. */
function blockOf(head: TestHead, minTime: number, maxTime: number, outOfOrder: boolean): [string, number[]][] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-head-block-'));
  const source = new HeadSource(head.reader, head.readerMemory, {minTime, maxTime, outOfOrder});
  const meta = finishWork(new Compactor({disk: nodeDisk, folder}).write(source, {minTime, maxTime}));
  const found = meta === undefined ? new Map() : decodePlainly(readBlockPlainly(path.join(folder, meta.ulid)));
  fs.rmSync(folder, {recursive: true});
  return [...found].map(([labels, samples]) => [JSON.parse(labels)[1][1], [...samples.keys()]]);
}

test('samples out of order go to blocks of their own, deleted ones to none', () => {
  const head = new TestHead({outOfOrderWindowMs: 1000});
  const append = (series: number, times: number[]): void => {
    for (const time of times) head.append([{series, time, bits: bitsOf(time / 3)}]);
  };
  append(1, [100, 300, 200, 150, 310]);
  append(2, [300]);
  append(
    1,
    Array.from({length: 40}, (_, i) => 299 - i * 2),
  );
  append(2, [120, 110, 190]);
  head.head.delete([head.series(1), head.series(2)], 105, 180, head.memory);
  assert.deepEqual(blockOf(head, 0, 1000, false), [
    ['1', [100, 300, 310]],
    ['2', [300]],
  ]);
  assert.deepEqual(blockOf(head, 200, 1000, true)[0]?.[1].includes(299), true, 'the chunk that is full');
  while (!head.head.outOfOrder.close(head.memory).step(1e6));
  const odd = Array.from({length: 40}, (_, i) => 299 - i * 2);
  const late = [200, ...odd].filter((time) => time < 105 || time > 180).sort((a, b) => a - b);
  assert.deepEqual(blockOf(head, 0, 250, true), [
    ['1', late.filter((time) => time < 250)],
    ['2', [190]],
  ]);
  assert.deepEqual(blockOf(head, 250, 1000, true), [['1', late.filter((time) => time >= 250)]]);
});

test('series come in the order of labels, whatever labels they have', () => {
  const label = fc.string({unit: 'grapheme', minLength: 1, maxLength: 2});
  const sets = fc.array(fc.array(fc.tuple(label, label), {minLength: 1, maxLength: 5}), {minLength: 1, maxLength: 60});
  fc.assert(
    fc.property(sets, (list) => {
      const head = new TestHead();
      const all = list.map((pairs) => Labels.of(new Map(pairs)));
      const {memory} = head;
      const slots = all.map((labels) => head.head.getOrCreate(labels));
      const staged = {
        memory,
        count: slots.length,
        slots: memory.alloc(slots.length * 4),
        times: memory.alloc(slots.length * 8),
        values: memory.alloc(slots.length * 8),
        statuses: memory.alloc(slots.length),
      };
      memory.u32.set(slots, staged.slots / 4);
      memory.f64.fill(5, staged.times / 8, staged.times / 8 + slots.length);
      memory.f64.fill(1, staged.values / 8, staged.values / 8 + slots.length);
      head.head.append(staged);
      const source = new HeadSource(head.reader, head.readerMemory, {minTime: 0, maxTime: 10});
      const symbols = Array.from({length: source.symbolCount}, (_, i) => Buffer.from(source.symbol(i)).toString());
      const found: string[] = [];
      while (source.next()) {
        found.push(Array.from(source.labels.subarray(0, 2 * source.labelCount), (i) => symbols[i]).join('\0'));
      }
      source.close();
      const texts = new Map(
        all.map((labels) => [[...labels.entries()].flat().join('\0'), [...labels.entries()].flat()]),
      );
      const want = [...texts].sort(([, a], [, b]) => compareTexts(a, b)).map(([text]) => text);
      assert.deepEqual(found, want);
      assert.deepEqual(symbols, symbols.toSorted(byBytes));
    }),
    {numRuns: 60},
  );
});

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return byBytes(a[i], b[i]);
  return a.length - b.length;
}
