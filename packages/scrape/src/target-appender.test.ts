import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import type {ScrapeConfig} from './config.ts';
import type {ScrapeReport} from './report-series.ts';
import {type BodyCounts, TargetAppender} from './target-appender.ts';
import {jobOf} from './testing/configs.ts';
import {ReferenceStore, ReferenceTarget} from './testing/reference-target.ts';
import {NoLogError, TestStore} from './testing/test-store.ts';

const TARGET = Labels.fromObject({instance: 'i:1', job: 'j'});
const TIMEOUT_MS = 10_000;
const STEP_MS = 15_000;
const now = Date.now();

/** An appender over a real head and the reference beside it: both get the same, and must do the same. */
class Pair {
  readonly store = new TestStore();
  readonly plain = new ReferenceStore();
  readonly appender: TargetAppender;
  readonly reference: ReferenceTarget;
  #config: ScrapeConfig;
  #timeMs = now - 100 * STEP_MS;

  constructor(config: ScrapeConfig) {
    this.#config = config;
    this.appender = new TargetAppender(this.store.context, config, {labels: TARGET, timeoutMs: TIMEOUT_MS});
    this.reference = new ReferenceTarget(this.plain, config, TARGET, TIMEOUT_MS);
  }

  /** A scrape got this body. */
  scrape(text: string, format: 'text' | 'openmetrics' = 'text'): void {
    this.#timeMs += STEP_MS;
    const time = this.#timeMs;
    const bytes = Buffer.from(
      text.replace(/@(-?\d+)/g, (_, offset: string) => this.#stamp(time + Number(offset), format)),
    );
    const parts = [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
    const got = this.#outcome(this.appender, () =>
      this.appender.append({parts, bytes: bytes.length, format}, time, reportOf),
    );
    const want = this.#outcome(this.reference, () => this.reference.append(bytes, format, time, reportOf));
    assert.deepEqual(got, want);
    if (got.error !== undefined) this.fail(got.counts);
    else this.#compare();
  }

  /** The scrape failed. */
  fail(counts: BodyCounts = {scraped: 0, kept: 0, seriesAdded: 0}): void {
    const report = {...reportOf(counts), up: false};
    const got = this.#outcome(this.appender, () => this.appender.fail(this.#timeMs, report));
    const want = this.#outcome(this.reference, () => this.reference.fail(this.#timeMs, report));
    assert.equal(got.error === undefined, want.error === undefined);
    this.#compare();
  }

  end(): void {
    this.#timeMs += STEP_MS;
    this.appender.end(this.#timeMs);
    this.reference.end(this.#timeMs);
    this.#compare();
  }

  configure(change: Partial<ScrapeConfig>, sameSeries: boolean): void {
    this.#config = {...this.#config, ...change};
    this.appender.setConfig(this.#config, sameSeries);
    this.reference.setConfig(this.#config, sameSeries);
  }

  breakLog(isBroken: boolean): void {
    this.store.isBroken = isBroken;
    this.plain.isBroken = isBroken;
  }

  fill(isFull: (labels: string) => boolean): void {
    this.store.isFull = isFull;
    this.plain.isFull = isFull;
  }

  /** The store removes the series that `choose` is true of. */
  remove(choose: (series: string) => boolean): void {
    const removed = new Map<string, Labels>();
    for (const {series, labels} of this.reference.lines.values()) {
      if (labels && choose(series)) removed.set(series, labels);
    }
    this.store.remove(removed.values());
    this.reference.forget(new Set(removed.keys()));
  }

  #outcome(of: {counts: BodyCounts}, run: () => unknown) {
    try {
      return {refusals: run(), counts: of.counts, error: undefined};
    } catch (error) {
      const {name, message} = error as Error;
      const isLog = error instanceof NoLogError || message === 'cannot write the log';
      return {refusals: undefined, counts: of.counts, error: isLog ? 'log' : `${name}: ${message}`};
    }
  }

  #compare(): void {
    const byName = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(byName(this.store.read()), byName(this.plain.samples));
  }

  #stamp(timeMs: number, format: 'text' | 'openmetrics'): string {
    return format === 'text' ? String(timeMs) : String(timeMs / 1000);
  }
}

const reportOf = (counts: BodyCounts): ScrapeReport => ({...counts, up: true, durationSeconds: 0.25, bodyBytes: 7});

const SERIES = [
  'a',
  'a{x="1"}',
  'a{x="2",y="z"}',
  'a{y="z",x="2"}',
  'b{instance="mine"}',
  'b{instance=""}',
  'b{job="b",exported_job="c"}',
  'dropped_by_rule{x="1"}',
  'h_bucket{le="1"}',
  'h_bucket{le="+Inf"}',
  '{"utf.8",l="ü"}',
  'e{x="a\\"b\\\\"}',
  'renamed{x="1"}',
  'renamed{x="2"}',
];
const RARE_SERIES = [
  'too_long{x="0123456789012345678901234567890123456789"}',
  'nameless{x="1"}',
  'twice{x="1",x="2"}',
  'many{a="1",b="2",c="3",d="4",e="5",f="6",g="7"}',
];
const VALUES = [
  '0',
  '1',
  '2',
  '3.25',
  '-1e3',
  'NaN',
  '+Inf',
  '0.1',
  '123456789012345678901234567890',
  '1e-400',
  '0x10',
];
const STAMPS = ['', '', '', '', '', '', ' @-1000', ' @0', ' @500', ' @3600000', ' @-5000000'];
const COMMENTS = [
  '# TYPE h histogram',
  '# TYPE h counter',
  '# TYPE a gauge',
  '# HELP a Some help.',
  '# HELP a Other \\\\ help.',
];
const TEXT_ONLY = ['', '  ', '# plain comment', '  a 1', 'a\t2', 'a {x="1"} 3', 'a  4', 'a{x="1"}5', '#'];
const OPENMETRICS_ONLY = [
  'a 1 # {t="u"} 0.5',
  'a 2 @0 # {t="u"} 0.5 @-100',
  'a 3 # {} 4',
  '# UNIT s_a a',
  '# TYPE a info',
];
const BROKEN = ['a{', 'a 1 x', '1a 2', 'a 1\r', 'a{x="1"', '# TYPE a nonsense', 'a', '\0'];

interface Step {
  readonly kind: 'same' | 'edit' | 'fail' | 'empty' | 'reconfigure' | 'break log' | 'fill' | 'remove' | 'end';
  readonly edits: readonly {readonly op: string; readonly at: number; readonly line: string}[];
  readonly values: readonly number[];
  readonly format: 'text' | 'openmetrics';
  readonly number: number;
}

const sample = fc
  .tuple(fc.constantFrom(...SERIES), fc.constantFrom(...STAMPS))
  .map(([series, stamp]) => `${series} V${stamp}`);
const line = fc.oneof(
  {weight: 60, arbitrary: sample},
  {weight: 10, arbitrary: fc.constantFrom(...COMMENTS)},
  {weight: 6, arbitrary: fc.constantFrom(...TEXT_ONLY)},
  {weight: 3, arbitrary: fc.constantFrom(...OPENMETRICS_ONLY)},
  {weight: 1, arbitrary: fc.constantFrom(...RARE_SERIES).map((series) => `${series} V`)},
  {weight: 1, arbitrary: fc.constantFrom(...BROKEN)},
);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    {weight: 4, arbitrary: fc.constant('same' as const)},
    {weight: 10, arbitrary: fc.constant('edit' as const)},
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        'fail' as const,
        'empty' as const,
        'reconfigure' as const,
        'break log' as const,
        'fill' as const,
        'remove' as const,
        'end' as const,
      ),
    },
  ),
  edits: fc.array(
    fc.record({
      op: fc.constantFrom('insert', 'insert', 'remove', 'remove', 'move', 'repeat', 'reverse'),
      at: fc.nat(40),
      line,
    }),
    {maxLength: 4},
  ),
  values: fc.array(fc.nat(), {minLength: 1, maxLength: 8}),
  format: fc.oneof(
    {weight: 4, arbitrary: fc.constant('text' as const)},
    {weight: 1, arbitrary: fc.constant('openmetrics' as const)},
  ),
  number: fc.nat(100),
});

/** The lines after the edits of a step. */
function edited(lines: readonly string[], {edits}: Step): string[] {
  const next = [...lines];
  for (const {op, at, line} of edits) {
    const i = next.length === 0 ? 0 : at % next.length;
    if (op === 'insert') next.splice(i, 0, line);
    else if (op === 'remove') next.splice(i, 1);
    else if (op === 'move') next.splice((at * 7) % (next.length + 1), 0, ...next.splice(i, 1));
    else if (op === 'repeat' && next.length > 0) next.splice(i, 0, next[(at * 3) % next.length]!);
    else if (op === 'reverse') next.reverse();
  }
  return next;
}

function bodyOf(lines: readonly string[], {format, values, number}: Step): string {
  const isText = format === 'text';
  const fitting = lines.filter((line) => !(isText ? OPENMETRICS_ONLY : TEXT_ONLY).includes(line));
  const text = fitting
    .map((line, i) => line.replace('V', VALUES[(values[i % values.length]! + i) % VALUES.length]!))
    .map((line) => `${line}\n`)
    .join('');
  if (isText) return number % 5 === 0 ? text.slice(0, -1) : text;
  return number % 20 === 0 ? text : `${text}# EOF${number % 2 === 0 ? '\n' : ''}`;
}

const RULES = jobOf(`
job_name: j
metric_relabel_configs:
- {source_labels: [__name__], regex: dropped_by_rule, action: drop}
- {source_labels: [__name__], regex: nameless, target_label: __name__, replacement: ''}
- {source_labels: [__name__], regex: renamed, target_label: x, replacement: same}
`);
const CHANGES: readonly [Partial<ScrapeConfig>, sameSeries: boolean][] = [
  [{honorTimestamps: false}, true],
  [{honorTimestamps: true}, true],
  [{trackTimestampsStaleness: true}, true],
  [{sampleLimit: 4}, true],
  [{sampleLimit: 9}, true],
  [{sampleLimit: 0}, true],
  [{honorLabels: true}, false],
  [{honorLabels: false}, false],
  [{metricRelabelConfigs: []}, false],
  [{metricRelabelConfigs: RULES.metricRelabelConfigs}, false],
  [{labelLimit: 6}, false],
  [{labelValueLengthLimit: 30}, false],
  [{extraScrapeMetrics: true}, true],
  [{extraScrapeMetrics: false}, true],
];

test('bodies in any order store what the plain reference stores', () => {
  const runs = fc.property(fc.array(line, {maxLength: 25}), fc.array(step, {maxLength: 14}), (first, steps) => {
    const pair = new Pair(RULES);
    let lines = first;
    for (const step of steps) {
      if (step.kind === 'edit') lines = edited(lines, step);
      take(pair, step, lines);
    }
  });
  fc.assert(runs, {numRuns: 300});
});

function take(pair: Pair, step: Step, lines: readonly string[]): void {
  const {kind, number, format} = step;
  if (kind === 'fail') return pair.fail();
  if (kind === 'end') return pair.end();
  if (kind === 'empty') return pair.scrape('');
  if (kind === 'reconfigure') pair.configure(...CHANGES[number % CHANGES.length]!);
  if (kind === 'break log') pair.breakLog(true);
  if (kind === 'fill') pair.fill((labels) => labels.length % 3 === number % 6);
  if (kind === 'remove') pair.remove((series) => series.length % 3 === number % 3);
  pair.scrape(bodyOf(lines, step), format);
  if (kind === 'break log') pair.breakLog(false);
}

const linesOf = (count: number, value: number) =>
  Buffer.from(Array.from({length: count}, (_, i) => `series{number="${i}"} ${value}\n`).join(''));
const bodyOfBytes = (bytes: Uint8Array) => ({parts: [bytes], bytes: bytes.length, format: 'text'}) as const;

/** Values of one series. */
function valuesOf(store: TestStore, text: string): number[] {
  const [samples = []] = [...store.read()].filter(([labels]) => labels.includes(text)).map(([, each]) => each);
  return samples.map(([, bits]) => new Float64Array(BigUint64Array.of(bits).buffer)[0]!);
}

test('a body for which the memory has to grow many times, on all its ways', () => {
  const store = new TestStore(1 << 26);
  const appender = new TargetAppender(store.context, RULES, {labels: TARGET, timeoutMs: TIMEOUT_MS});
  const count = 20_000;
  const took: BodyCounts[] = [];
  for (const [i, value] of [1, 2].entries()) {
    const body = bodyOfBytes(linesOf(count, value));
    appender.append(body, now + i * STEP_MS, (counts) => (took.push(counts), reportOf(counts)));
  }
  assert.deepEqual(took, [
    {scraped: count, kept: count, seriesAdded: count},
    {scraped: count, kept: count, seriesAdded: 0},
  ]);
  assert.deepEqual(valuesOf(store, 'number="19999"'), [1, 2]);
});

test('in a head that is full the scrape goes on without new series, and tries them again', () => {
  const store = new TestStore(20 << 20, 17 << 20);
  const appender = new TargetAppender(store.context, RULES, {labels: TARGET, timeoutMs: TIMEOUT_MS});
  const count = 20_000;
  const took: BodyCounts[] = [];
  const scrape = (bytes: Uint8Array, time: number) =>
    appender.append(bodyOfBytes(bytes), time, (counts) => (took.push(counts), reportOf(counts)));
  scrape(linesOf(10, 1), now);
  scrape(linesOf(count, 2), now + STEP_MS);
  const [, {scraped, kept, seriesAdded}] = took as [BodyCounts, BodyCounts];
  assert.deepEqual([scraped, kept], [count, count]);
  assert.ok(seriesAdded > 100 && seriesAdded < count - 10);
  assert.deepEqual(valuesOf(store, 'number="9"'), [1, 2]);
  assert.deepEqual(valuesOf(store, `number="${count - 1}"`), []);
  assert.deepEqual(valuesOf(store, '"up"'), [1, 1]);
});
