import assert from 'node:assert/strict';
import {test} from 'node:test';
import {IntColumn} from './columns.ts';
import {readLabelPair} from './label-pair.ts';
import {WireReader} from './wire-reader.ts';
import {WireWriter} from './wire-writer.ts';

/** Name and value of the pair that `write` writes, with bytes behind it that are not its own. */
function pairOf(write: (pair: WireWriter) => void): [name: string, value: string] {
  const out = new WireWriter();
  out.message(1, write);
  out.text(1, 'behind');
  const reader = new WireReader();
  reader.load(out.written, 0, out.written.length);
  reader.nextField('Metric');
  const ranges = new IntColumn();
  readLabelPair(reader, ranges);
  assert.equal(ranges.length, 4);
  assert.ok(reader.nextField('Metric') && reader.skipBytes('Label') > 0);
  const text = (i: number) => Buffer.from(out.written.subarray(ranges.values[i], ranges.values[i + 1])).toString();
  return [text(0), text(2)];
}

const long = 'x'.repeat(200);
const cases: [what: string, fields: [field: number, text: string][], want: [name: string, value: string]][] = [
  ['name and value', [[1, 'a'], [2, 'b']], ['a', 'b']], // prettier-ignore
  ['value and name', [[2, 'b'], [1, 'a']], ['a', 'b']], // prettier-ignore
  ['both empty', [[1, ''], [2, '']], ['', '']], // prettier-ignore
  ['a long name', [[1, long], [2, 'b']], [long, 'b']], // prettier-ignore
  ['a long value', [[1, 'a'], [2, long]], ['a', long]], // prettier-ignore
  ['a field more', [[1, 'a'], [2, 'b'], [3, 'c']], ['a', 'b']], // prettier-ignore
  ['the last of several', [[1, 'a'], [2, 'b'], [2, 'cc']], ['a', 'cc']], // prettier-ignore
  ['a name alone', [[1, 'a']], ['a', '']],
  ['nothing', [], ['', '']],
];
for (const [what, fields, want] of cases) {
  test(what, () => {
    const write = (pair: WireWriter) => {
      for (const [field, text] of fields) pair.text(field, text);
    };
    assert.deepEqual(pairOf(write), want);
  });
}
