import {Matcher, type MatchType} from './matcher.ts';

const PATTERNS: readonly (readonly [MatchType, string])[] = [
  ['=', 'pod-1234-abcde'],
  ['=~', '.+'],
  ['=~', 'pod-1.*'],
  ['=~', '.*-abcde'],
  ['=~', '.*12.*'],
  ['=~', 'pod-1234-abcde|pod-77-abcde|pod-9-abcde'],
  ['=~', 'pod-(1|2|3).*-a.c.*'],
  ['=~', '(?i)POD-12.*'],
  ['=~', 'pod-[0-9]+-abcde'],
  ['=~', '[a-z]+-[0-9]+5-.*'],
  ['!~', '(pod|job)-\\d{3}-.*'],
];

/** The text as one piece, as decoded label values are; a template string is a rope until it is first read. */
function flat(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Matches `scale` · 100 000 label values against typical matchers; returns how many matched in all. */
export function run(scale: number): number {
  const values = Array.from({length: Math.max(1, Math.round(100_000 * scale))}, (_, i) => flat(`pod-${i}-abcde`));
  let matched = 0;
  for (const [type, value] of PATTERNS) {
    const matcher = new Matcher(type, 'pod', value);
    const started = performance.now();
    for (const text of values) if (matcher.matches(text)) matched++;
    const ns = ((performance.now() - started) * 1e6) / values.length;
    console.log(`${String(matcher).padEnd(56)} ${ns.toFixed(0).padStart(5)} ns a value`);
  }
  return matched;
}

if (import.meta.main) {
  run(1);
  console.log('again');
  run(1);
}
