import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ApiError} from '@narthex/http/errors.ts';
import {
  apiDuration,
  limitOf,
  lookbackOf,
  optionalTime,
  rangeOf,
  statsOf,
  timeoutOf,
  unreadTimeoutOf,
} from './parameters.ts';

const from = (text: string) => new URLSearchParams(text);

const read: [name: string, read: () => unknown, want: unknown][] = [
  ['a limit', () => limitOf(from('limit=7')), 7],
  ['no limit', () => limitOf(from('')), 0],
  ['a duration in seconds', () => apiDuration('1.5'), 1500],
  ['a duration in units', () => apiDuration('1m30s'), 90_000],
  ['a negative duration', () => apiDuration('-2'), -2000],
  ['a duration in hexadecimal', () => apiDuration('0x1p-2'), 250],
  ['a time', () => optionalTime(from('start=1.5'), 'start', 7), 1500],
  ['a time that is not given', () => optionalTime(from(''), 'start', 7), 7],
  ['a range', () => rangeOf(from('start=1&end=2&step=0.5')), {startMs: 1000, endMs: 2000, stepMs: 500}],
  ['a step below a millisecond', () => rangeOf(from('start=1&end=1&step=0.0001')).stepMs, 1],
  ['as many points as may be', () => rangeOf(from('start=0&end=11000&step=1')).endMs, 11_000_000],
  ['a time limit', () => timeoutOf(from('timeout=1s'), 5000), 1000],
  ['a time limit above that of the server', () => timeoutOf(from('timeout=10s'), 5000), 5000],
  ['no time limit', () => timeoutOf(from(''), 5000), 5000],
  ['a time limit that nobody has read', () => unreadTimeoutOf('query=a&timeout=1%73&x=y', 5000), 1000],
  ['a time limit that cannot be read', () => unreadTimeoutOf('timeout=x', 5000), 5000],
  ['a name that only ends as the time limit', () => unreadTimeoutOf('mytimeout=1', 5000), 5000],
  ['a time limit in a long form', () => unreadTimeoutOf(`timeout=1&query=${'a'.repeat(70_000)}`, 5000), 5000],
  ['a lookback', () => lookbackOf(from('lookback_delta=1m'), 5), 60_000],
  ['a lookback of 0 is none', () => lookbackOf(from('lookback_delta=0'), 5), 5],
  ['a lookback below 0 is none', () => lookbackOf(from('lookback_delta=-1'), 5), 5],
  ['a lookback that is no number is none', () => lookbackOf(from('lookback_delta=NaN'), 5), 5],
  ['no statistics', () => statsOf(from('')), {wanted: false, perStep: false, warnings: []}],
  ['all statistics', () => statsOf(from('stats=all')), {wanted: true, perStep: true, warnings: []}],
];
for (const [name, get, want] of read) test(`parameters: ${name}`, () => assert.deepEqual(get(), want));

const refused: [name: string, read: () => unknown, want: string][] = [
  ['a negative limit', () => limitOf(from('limit=-1')), 'invalid parameter "limit": limit must be non-negative'],
  ['no number', () => limitOf(from('limit=x')), 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
  ['no start', () => rangeOf(from('end=1&step=1')), 'invalid parameter "start": cannot parse "" to a valid timestamp'],
  [
    'an end before the start',
    () => rangeOf(from('start=2&end=1&step=1')),
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  ['no step', () => rangeOf(from('start=1&end=2')), 'invalid parameter "step": cannot parse "" to a valid duration'],
  [
    'a step of 0',
    () => rangeOf(from('start=1&end=2&step=0')),
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    'a step that is no number',
    () => rangeOf(from('start=1&end=2&step=NaN')),
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    'an infinite step',
    () => rangeOf(from('start=1&end=2&step=inf')),
    'invalid parameter "step": cannot parse "inf" to a valid duration. It overflows int64',
  ],
  [
    'a step with a sign and a unit',
    () => rangeOf(from('start=1&end=2&step=-1s')),
    'invalid parameter "step": cannot parse "-1s" to a valid duration',
  ],
  [
    'a step with a space',
    () => rangeOf(from('start=1&end=2&step=+1')),
    'invalid parameter "step": cannot parse " 1" to a valid duration',
  ],
  [
    'a point too many',
    () => rangeOf(from('start=0&end=11001&step=1')),
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  [
    'a step that overflows',
    () => rangeOf(from('start=1&end=2&step=1e99')),
    'invalid parameter "step": cannot parse "1e99" to a valid duration. It overflows int64',
  ],
  [
    'a bad time',
    () => optionalTime(from('end=x'), 'end', 0),
    `invalid parameter "end": invalid time value for 'end': cannot parse "x" to a valid timestamp`,
  ],
  [
    'a bad lookback',
    () => lookbackOf(from('lookback_delta=x'), 0),
    'error parsing lookback delta duration: cannot parse "x" to a valid duration',
  ],
];
for (const [name, get, want] of refused) {
  test(`parameters: refused: ${name}`, () => {
    assert.throws(
      get,
      (error: unknown) => error instanceof ApiError && error.type === 'bad_data' && error.message === want,
    );
  });
}
