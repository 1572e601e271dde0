// timestamp() at a fixed time: upstream selects samples by the offset, then looks for the newest without it. Checked with Prometheus 2.42.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Labels} from '@narthex/model/labels.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';

const storage = new MemoryStorage();
for (let i = 0; i < 100; i++) storage.append(Labels.of([['__name__', 'a']]), i * 15_000 + 123, bitsOf(i));
const engine = new NarthexEngine(storage);

const cases: readonly (readonly [text: string, want: number | undefined])[] = [
  ['timestamp(a @ 1000.377)', 990.123],
  ['timestamp(a @ 1000.377 offset 1m)', 930.123],
  ['timestamp(a @ 1000.377 offset 6m)', undefined],
  ['timestamp(a @ 1000.377 offset -1m)', 990.123],
  ['timestamp(a @ 1000.377 offset -6m)', undefined],
  ['timestamp(a @ 1485.123 offset -5m)', undefined],
  ['timestamp(a offset 1m)', 630.123],
];

for (const [text, want] of cases)
  test(text, () => {
    const instant = engine.instant(text, 700_377);
    const range = engine.range(text, 700_377, 700_377, 1000);
    for (const answer of [instant, range]) {
      assert.ok(!('error' in answer) && 'rows' in answer.value, JSON.stringify(answer));
      assert.equal(answer.value.rows[0]?.samples[0]!.value, want);
    }
  });
