import {compareLabels, Labels} from './labels.ts';

function labelSets(count: number): Labels[] {
  return Array.from({length: count}, (_, i) =>
    Labels.of([
      ['__name__', 'http_request_duration_seconds_bucket'],
      ['instance', Buffer.from(`10.0.${i % 256}.1:9100`).toString('latin1')],
      ['job', 'api'],
      ['le', String(i % 20)],
      ['pod', Buffer.from(`api-server-${i}-abcde`).toString('latin1')],
      ['status', '200'],
    ]),
  );
}

/** Makes, hashes and sorts `scale` · 100 000 label sets of six labels; returns a checksum. */
export function run(scale: number): number {
  const count = Math.max(1, Math.round(100_000 * scale));
  const started = performance.now();
  const sets = labelSets(count);
  const made = performance.now();
  const words = new Uint32Array(2);
  let sum = 0;
  for (const labels of sets) {
    labels.hashWords(words);
    sum = (sum + words[0]) | 0;
  }
  const hashed = performance.now();
  sets.sort(compareLabels);
  const sorted = performance.now();
  const each = (from: number, to: number) => `${(((to - from) * 1e6) / count).toFixed(0)} ns`;
  console.log(`make ${each(started, made)}, hash ${each(made, hashed)}, sort ${each(hashed, sorted)} a label set`);
  return sum;
}

if (import.meta.main) for (let i = 0; i < 3; i++) run(1);
