import {Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {floatOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {load} from '../promqltest/load.ts';
import {readScript} from '../promqltest/read-script.ts';
import {advance, literalOf, randomShape} from './random-histogram.ts';
import type {Random} from './random.ts';

type Kind = 'counter' | 'gauge' | 'odd' | 'exponential' | 'custom' | 'gaugeHistogram' | 'mixed' | 'buckets' | 'info';

/** Names of metrics and what they hold; there are several series of each. Labels of different metrics meet once these lose their names. */
const METRICS: readonly (readonly [name: string, kind: Kind, series: number])[] = [
  ['a_total', 'counter', 3],
  ['b', 'gauge', 2],
  ['b', 'odd', 1],
  ['h', 'exponential', 2],
  ['c', 'custom', 2],
  ['g', 'gaugeHistogram', 1],
  ['m_total', 'mixed', 1],
];

/** Lengths of time between samples; each is a `load` of its own. */
const STEPS = [
  {text: '15s', samples: 46},
  {text: '40s', samples: 17},
  {text: '7s', samples: 95},
];

const ODD = ['NaN', 'Inf', '-Inf', '1e308', '-1e308', '-0', '0', '5e-324', '1e-300', '9007199254740993', '0.1', '-2.5'];

/** A script that fills a storage: series of all kinds with gaps, stale markers, resets and start times. `floatsOnly`: without native histograms. */
export function randomScript(random: Random, floatsOnly: boolean): string {
  const usable = METRICS.filter(([, kind]) => !floatsOnly || isFloats(kind)).flatMap(([name, kind, series]) =>
    Array.from({length: random.chance(0.85) ? series : random.between(0, series)}, () => [name, kind] as const),
  );
  const loads = STEPS.map(({text}) => ({text, lines: [] as string[]}));
  const seen = new Set<string>();
  for (const [name, kind] of usable) {
    const labels = randomLabels(random);
    const series = `${name}{${labels}}`;
    if (seen.has(series)) continue;
    seen.add(series);
    const at = random.chance(0.75) ? 0 : random.between(1, 2);
    loads[at].lines.push(...linesOf(random, series, kind, STEPS[at].samples));
  }
  if (random.chance(0.8)) loads[0].lines.push(...bucketLines(random));
  if (random.chance(0.5)) loads[1].lines.push(...infoLines(random));
  return loads
    .filter(({lines}) => lines.length > 0)
    .map(({text, lines}) => `load ${text}\n${lines.map((line) => `  ${line}`).join('\n')}\n`)
    .join('\n');
}

const isFloats = (kind: Kind): boolean => kind === 'counter' || kind === 'gauge' || kind === 'odd';

function randomLabels(random: Random): string {
  const parts: string[] = [];
  const x = random.pick(['', '1', '2']);
  const y = random.pick(['', 'p', 'q']);
  if (x !== '') parts.push(`x="${x}"`);
  if (y !== '') parts.push(`y="${y}"`);
  if (random.chance(0.3)) parts.push(`job="${random.pick(['j', 'k'])}"`);
  if (random.chance(0.15)) parts.push(`__type__="${random.pick(['counter', 'gauge', 'histogram'])}"`);
  if (random.chance(0.1)) parts.push('__unit__="seconds"');
  return parts.join(',');
}

function linesOf(random: Random, series: string, kind: Kind, samples: number): string[] {
  const values = valuesOf(random, kind, samples);
  const lines = [`${series} ${values.join(' ')}`];
  if (random.chance(0.3)) lines.unshift(`${series}@st ${startsOf(random, values.length).join(' ')}`);
  return lines;
}

function valuesOf(random: Random, kind: Kind, samples: number): string[] {
  const next = generatorOf(random, kind);
  const values: string[] = [];
  let absent = random.chance(0.15) ? random.between(1, Math.floor(samples / 2)) : 0;
  for (let i = 0; i < samples; i++) {
    if (absent-- > 0) values.push('_');
    else if (random.chance(0.02)) values.push('stale');
    else values.push(next());
    if (absent < 0) absent = random.chance(0.05) ? random.between(1, 8) : 0;
  }
  return values;
}

function generatorOf(random: Random, kind: Kind): () => string {
  switch (kind) {
    case 'counter':
      return counterOf(random);
    case 'gauge':
      return () => String(random.chance(0.5) ? random.between(0, 20) : Math.round(random.next() * 1e6) / 997);
    case 'exponential':
    case 'custom':
      return histogramsOf(random, kind);
    case 'gaugeHistogram':
      return histogramsOf(random, 'gauge');
    case 'mixed': {
      const kinds = [
        counterOf(random),
        histogramsOf(random, random.pick(['exponential', 'custom'])),
        histogramsOf(random, 'custom'),
      ];
      let current = random.pick(kinds);
      return () => {
        if (random.chance(0.15)) current = random.pick(kinds);
        return current();
      };
    }
    default:
      return () => (random.chance(0.3) ? random.pick(ODD) : String(random.between(-5, 5)));
  }
}

function counterOf(random: Random): () => string {
  let value = random.between(0, 50);
  const isWhole = random.chance(0.6);
  return () => {
    value = random.chance(0.07) ? random.between(0, 3) : value + (isWhole ? random.between(0, 9) : random.next() * 7);
    return String(value);
  };
}

function histogramsOf(random: Random, kind: 'exponential' | 'custom' | 'gauge'): () => string {
  let shape = randomShape(random, kind);
  return () => {
    if (random.chance(0.02)) shape = randomShape(random, kind);
    advance(random, shape);
    return literalOf(random, shape);
  };
}

/** Start times: not known, a while before the sample, just before it, at it or behind it. */
function startsOf(random: Random, count: number): string[] {
  let start = '_';
  return Array.from({length: count}, () => {
    if (random.chance(0.3)) start = random.pick(['_', '-10s', '-15s', '-1m', '-5m', '0s', '-1ms', '5s']);
    return start;
  });
}

/** A classic histogram, now and then with counts that fall, a bound missing or no number as a bound. */
function bucketLines(random: Random): string[] {
  const bounds = random.pick([
    ['0.1', '1', '10', '+Inf'],
    ['1', '+Inf'],
    ['-1', '0', '5', '+Inf'],
    ['1', '2'],
    ['1', 'abc', '+Inf'],
  ]);
  const labels = random.chance(0.5) ? 'x="1",' : '';
  let below = 0;
  const columns = bounds.map(() => {
    below += random.between(0, 3);
    return {begin: below, step: random.chance(0.15) ? 0 : below};
  });
  return columns.map(({begin, step}, i) => {
    const values = Array.from({length: 46}, (_, n) => (random.chance(0.05) ? '_' : String(begin + n * step)));
    return `d_bucket{${labels}le="${bounds[i]}"} ${values.join(' ')}`;
  });
}

function infoLines(random: Random): string[] {
  return ['j', 'k'].slice(0, random.between(1, 2)).map((job) => {
    const values = Array.from({length: 17}, () => (random.chance(0.1) ? '_' : '1'));
    return `target_info{job="${job}",version="${random.pick(['1', '2'])}"} ${values.join(' ')}`;
  });
}

/** Payloads that NaNs get: none of them is the stale marker, and some look like what the engine uses itself. */
const NAN_BITS = [
  0x7ff8000000000001n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff0000000000003n,
  0x7ff0000100000040n,
];

/** The storage of a script. NaNs of series without histograms get payloads, in turn. */
export function storageOf(script: string): MemoryStorage {
  const storage = new MemoryStorage();
  for (const command of readScript(script)) {
    if (command.kind === 'load') load(storage, command);
    else throw new Error(`a storage is filled by loads alone: ${command.text}`);
  }
  let count = 0;
  for (const {labels, samples} of storage.series) {
    if (samples.some(({histogram}) => histogram !== undefined)) continue;
    for (const {timeMs, bits, startMs} of samples) {
      if (bits === STALE_NAN_BITS || !Number.isNaN(floatOf(bits))) continue;
      storage.append(Labels.of(labels.entries()), timeMs, NAN_BITS[count++ % NAN_BITS.length], startMs);
    }
  }
  return storage;
}
