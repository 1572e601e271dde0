import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {COUNTER_RESET, FloatHistogram} from './float-histogram.ts';
import {
  counterResetOfRecord,
  forgetCounterReset,
  isIntegerRecord,
  markIntegerRecord,
  readRecord,
  recordBytes,
  recordBytesFor,
  writeRecord,
} from './record.ts';
import {anyHistogram} from './testing/arbitrary.ts';
import {toPlain, toWorkSheet} from './testing/reference.ts';

const AT = 16;

/** A memory with the record of a histogram at `AT`. */
function memoryWith(histogram: FloatHistogram) {
  const buffer = new ArrayBuffer(AT + recordBytes(histogram));
  const views = {u32: new Uint32Array(buffer), i32: new Int32Array(buffer), f64: new Float64Array(buffer)};
  writeRecord(views, AT, histogram);
  return views;
}

test('a record gives the histogram it was written from, whether its counts are whole or not', () => {
  fc.assert(
    fc.property(anyHistogram, fc.boolean(), (plain, isInteger) => {
      const histogram = toWorkSheet(plain);
      const views = memoryWith(histogram);
      if (isInteger) markIntegerRecord(views, AT);
      const read = new FloatHistogram();
      readRecord(views, AT, read);
      assert.deepEqual(toPlain(read), toPlain(histogram));
      assert.equal(isIntegerRecord(views, AT), isInteger);
      assert.equal(counterResetOfRecord(views, AT), plain.counterReset);
    }),
  );
});

test('what a record forgets about the one before it leaves gauges and whole counts as they are', () => {
  const {unknown, reset, notReset, gauge} = COUNTER_RESET;
  for (const [hint, want] of [
    [unknown, unknown],
    [reset, unknown],
    [notReset, unknown],
    [gauge, gauge],
  ] as const) {
    const histogram = new FloatHistogram();
    histogram.counterReset = hint;
    const views = memoryWith(histogram);
    markIntegerRecord(views, AT);
    forgetCounterReset(views, AT);
    assert.equal(counterResetOfRecord(views, AT), want);
    assert.ok(isIntegerRecord(views, AT));
  }
});

test('the bytes of a record follow from its buckets and bounds', () => {
  fc.assert(
    fc.property(anyHistogram, (plain) => {
      const histogram = toWorkSheet(plain);
      const buckets = plain.positive.size + plain.negative.size;
      assert.equal(recordBytesFor(buckets, plain.bounds.length), recordBytes(histogram));
    }),
  );
});
