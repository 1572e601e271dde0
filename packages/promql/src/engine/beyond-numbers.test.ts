// Infinities and NaN as Go's math and time packages take them; figures checked with Prometheus 2.42.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MemoryStorage} from '../memory-storage/memory-storage.ts';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';

const cases: readonly (readonly [text: string, want: number])[] = [
  ['year(vector(NaN))', 292_277_026_596],
  ['month(vector(Inf))', 12],
  ['day_of_month(vector(-Inf))', 4],
  ['day_of_year(vector(NaN))', 339],
  ['day_of_week(vector(NaN))', 0],
  ['days_in_month(vector(1e300))', 31],
  ['hour(vector(NaN))', 15],
  ['minute(vector(NaN))', 30],
  ['minute(vector(-1.5))', 59],
  ['year(vector(1e15))', 31_690_708],
  ['clamp(vector(1), Inf, NaN)', Infinity],
  ['clamp_min(vector(NaN), Inf)', Infinity],
  ['clamp_max(vector(NaN), -Inf)', -Infinity],
  ['clamp(vector(NaN), 1, 3)', NaN],
  ['clamp_max(vector(1), NaN)', NaN],
  ['clamp(vector(5), 1, 3)', 3],
];

const engine = new NarthexEngine(new MemoryStorage());

for (const [text, want] of cases)
  test(text, () => {
    const answer = engine.instant(text, 1000);
    assert.ok(!('error' in answer) && answer.value.type === 'vector', JSON.stringify(answer));
    assert.equal(answer.value.rows[0]!.samples[0]!.value, want);
  });
