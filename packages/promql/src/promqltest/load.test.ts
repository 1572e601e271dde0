import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bitsOf, floatOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {showHistogram} from './histogram-values.ts';
import {load} from './load.ts';
import {readScript} from './read-script.ts';
import {ScriptError} from './script.ts';

/** What a script of loads leaves in the storage: a line for each series. */
function loaded(script: string): string[] {
  const storage = new MemoryStorage();
  for (const command of readScript(script)) {
    assert.equal(command.kind, 'load');
    if (command.kind === 'load') load(storage, command);
  }
  return storage.series.map(({labels, samples}) => {
    const texts = samples.map(({timeMs, startMs, bits, histogram}) => {
      const value = histogram === undefined ? (bits === bitsOf(NaN) ? 'NaN' : floatOf(bits)) : showHistogram(histogram);
      return `${value}@${timeMs}${startMs === 0 ? '' : ` since ${startMs}`}`;
    });
    return `${labels.toString()} ${texts.join(', ')}`;
  });
}

const a = '{__name__="a"}';
const loads: [name: string, script: string, want: string[]][] = [
  ['values step by step', 'load 10s53ms\n  a 1 _ 2+1x1 _x2 3', [`${a} 1@0, 2@20106, 3@30159, 3@60318`]],
  ['a comment ends the list', 'load 1m\n  a 1\n  # b\n\nload 1m\n  b 2', [`${a} 1@0`, '{__name__="b"} 2@0']],
  ['the last line of a series counts', 'load 1m\n  a 1 2\n  a 3', [`${a} 3@0`]],
  ['loads add up', 'load 1m\n  a 1\n\nload 1m\n  a _ 2', [`${a} 1@0, 2@60000`]],
  [
    'start times',
    'load 1m\n  a@st _ -30s 0 1ms _x1 -10sx1 -1m-1mx1 -1s+1sx1\n  a 1x10',
    [
      `${a} 1@0, 1@60000 since 30000, 1@120000 since 120000, 1@180000 since 180001, 1@240000, ` +
        '1@300000 since 290000, 1@360000 since 350000, 1@420000 since 360000, 1@480000 since 360000, 1@540000 since 539000, 1@600000 since 600000',
    ],
  ],
  [
    'histograms with hints as they are read back',
    'load 1m\n  a {{count:1}}x1 {{count:0}} {{count:9 counter_reset_hint:gauge}}',
    [
      `${a} {{count:1}}@0, {{count:1 counter_reset_hint:not_reset}}@60000, {{}}@120000, {{count:9 counter_reset_hint:gauge}}@180000`,
    ],
  ],
];
for (const [name, script, want] of loads) {
  test(`load: ${name}`, () => {
    const lines = loaded(script);
    assert.deepEqual(lines, want);
  });
}

/** The series `h` that a load of classic histograms gives. */
const converted = (...lines: string[]) =>
  loaded(`load_with_nhcb 1m\n  ${lines.join('\n  ')}`).filter((line) => line.startsWith('{__name__="h"'));

const conversions: [name: string, lines: string[], want: string[]][] = [
  [
    'whole counts',
    ['h_bucket{le="1"} 1 2', 'h_bucket{le="+Inf"} 3 5', 'h_count 3 5', 'h_sum 4 7'],
    [
      '{__name__="h"} {{schema:-53 count:3 sum:4 custom_values:[1] buckets:[1 2]}}@0, ' +
        '{{schema:-53 count:5 sum:7 custom_values:[1] counter_reset_hint:not_reset buckets:[2 3]}}@60000',
    ],
  ],
  [
    'fractions, in any order of bounds, no sum and no count',
    ['h_bucket{le="2"} 2.5', 'h_bucket{le="-1"} 0.5', 'h_bucket{le="Inf"} 2.5'],
    ['{__name__="h"} {{schema:-53 count:2.5 custom_values:[-1 2] buckets:[0.5 2]}}@0'],
  ],
  [
    'a count without a bucket of +Inf',
    ['h_bucket{le="1"} 1', 'h_count 3'],
    ['{__name__="h"} {{schema:-53 count:3 custom_values:[1] buckets:[1 2]}}@0'],
  ],
  ['a count alone', ['h_count 3'], ['{__name__="h"} {{schema:-53 count:3 custom_values:[] buckets:[3]}}@0']],
  [
    'one for each label set',
    ['h_bucket{le="1",x="1"} 1', 'h_bucket{le="1",x="2"} 2'],
    [
      '{__name__="h", x="1"} {{schema:-53 count:1 custom_values:[1] buckets:[1]}}@0',
      '{__name__="h", x="2"} {{schema:-53 count:2 custom_values:[1] buckets:[2]}}@0',
    ],
  ],
  [
    'a bound that is no number is left out, and so are histograms',
    ['h_bucket{le="x"} 7', 'h_bucket{le="1"} 1 {{}}'],
    ['{__name__="h"} {{schema:-53 count:1 custom_values:[1] buckets:[1]}}@0'],
  ],
];
for (const [name, lines, want] of conversions) {
  test(`load_with_nhcb: ${name}`, () => assert.deepEqual(converted(...lines), want));
}

const mismatches: [name: string, lines: string[], message: RegExp][] = [
  ['falling counts', ['h_bucket{le="1"} 2', 'h_bucket{le="2"} 1'], /not cumulative/],
  ['another count', ['h_bucket{le="+Inf"} 2', 'h_count 1'], /count mismatch/],
  ['a negative count', ['h_count -1'], /negative/],
  ['no bound', ['h_bucket 1'], /expected bucket label/],
];
for (const [name, lines, message] of mismatches) {
  test(`load_with_nhcb refuses ${name}`, () =>
    assert.throws(
      () => converted(...lines),
      (error) => error instanceof ScriptError && message.test(error.message),
    ));
}

test('a histogram that is older than what is there is refused', () => {
  assert.throws(() => loaded('load 1m\n  a 1 2\n\nload 1m\n  a {{}}'), ScriptError);
});
