import assert from 'node:assert/strict';
import {test} from 'node:test';
import {helpText} from './help.ts';
import {type Options, optionsOf} from './options.ts';
import {FlagError, parseFlags} from './parse-flags.ts';

const read: [name: string, args: string[], flag: string, want: string[]][] = [
  ['a value after =', ['--query.timeout=5s'], 'query.timeout', ['5s']],
  ['a value of its own', ['--query.timeout', '5s'], 'query.timeout', ['5s']],
  ['an empty value', ['--web.external-url='], 'web.external-url', ['']],
  ['a value with =', ['--web.page-title=a=b'], 'web.page-title', ['a=b']],
  ['a switch', ['--web.enable-lifecycle'], 'web.enable-lifecycle', ['true']],
  ['a switch off', ['--no-storage.tsdb.wal-compression'], 'storage.tsdb.wal-compression', ['false']],
  ['a switch with its value', ['--web.enable-lifecycle=false'], 'web.enable-lifecycle', ['false']],
  ['the default', [], 'query.timeout', ['2m']],
  ['a list', ['--web.listen-address=:1', '--web.listen-address=:2'], 'web.listen-address', [':1', ':2']],
];
for (const [name, args, flag, want] of read) {
  test(`flags: ${name}`, () => assert.deepEqual(parseFlags(args).texts(flag), want));
}

const refused: [name: string, args: string[], want: RegExp][] = [
  ['an unknown one', ['--nothing'], /^unknown long flag '--nothing'$/],
  ['an unknown short one', ['-x'], /^unknown short flag '-x'$/],
  ['a word', ['x'], /^unexpected x$/],
  ['no value', ['--query.timeout'], /^expected argument for flag '--query.timeout'$/],
  ['twice', ['--query.timeout=1s', '--query.timeout=1s'], /^flag 'query.timeout' cannot be repeated$/],
  ['a bad duration', ['--query.timeout=1'], /^invalid value '1' for flag '--query.timeout'/],
  [
    'a bad number',
    ['--query.max-samples=1.5'],
    /^invalid value '1.5' for flag '--query.max-samples': want a whole number$/,
  ],
  ['no number', ['--query.max-samples='], /want a whole number/],
  ['a bad switch', ['--web.enable-lifecycle=yes'], /want true or false/],
  ['a bad choice', ['--log.format=xml'], /must be one of logfmt, json/],
  ['a bad expression', ['--web.cors.origin=('], /invalid value '\(' for flag '--web.cors.origin'.*missing/],
  ['a bad size', ['--storage.tsdb.wal-segment-size=big'], /invalid value 'big' for flag/],
  ['negating what is no switch', ['--no-query.timeout'], /^unknown long flag '--no-query.timeout'$/],
];
for (const [name, args, want] of refused) {
  test(`flags: refused: ${name}`, () => {
    assert.throws(
      () => parseFlags(args),
      (error: Error) => error instanceof FlagError && want.test(error.message),
    );
  });
}

const options: [args: string[], pick: (options: Options) => unknown, want: unknown][] = [
  [[], ({routePrefix}) => routePrefix, ''],
  [['--web.external-url=http://h/p/'], ({routePrefix}) => routePrefix, '/p'],
  [['--web.external-url=http://h/p', '--web.route-prefix=/'], ({routePrefix}) => routePrefix, ''],
  [['--web.route-prefix=x/y/'], ({routePrefix}) => routePrefix, '/x/y'],
  [['--web.external-url=h.example'], ({externalUrl}) => externalUrl.href, 'http://h.example/'],
  [['--web.listen-address=:1234'], ({externalUrl}) => externalUrl.port, '1234'],
  [[], ({corsOrigin}) => corsOrigin, undefined],
  [['--query.lookback-delta=0s'], ({query}) => query.lookbackMs, 300_000],
  [['--query.timeout=1m30s'], ({query}) => query.timeoutMs, 90_000],
  [['--enable-feature=a,b', '--enable-feature=c'], ({features}) => features, ['a', 'b', 'c']],
  [['--no-storage.tsdb.wal-compression'], ({storage}) => storage.walCompression, 'none'],
  [['--storage.tsdb.wal-segment-size=16MB'], ({storage}) => storage.walSegmentBytes, 16 << 20],
  [['--no-scrape.adjust-timestamps'], ({scrape}) => scrape.timestampToleranceMs, 0],
];
for (const [args, pick, want] of options) {
  test(`options: ${args.join(' ') || 'none'} gives ${JSON.stringify(want)}`, () => {
    assert.deepEqual(pick(optionsOf(parseFlags(args))), want);
  });
}

test('options: a segment of the log that is too small', () => {
  assert.throws(() => optionsOf(parseFlags(['--storage.tsdb.wal-segment-size=1MB'])), /between 10MB and 256MB/);
});

test('help: flags for developers are not shown', () => {
  assert.match(helpText(), /--storage\.tsdb\.path=/);
  assert.doesNotMatch(helpText(), /--storage\.tsdb\.min-block-duration/);
});
