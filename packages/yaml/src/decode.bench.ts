import {list, stringMap} from './collections.ts';
import {decodeYaml} from './decode.ts';
import {duration, string} from './scalars.ts';
import {field, required, struct} from './struct.ts';
import {writeYaml} from './write.ts';

const rule = struct('rulefmt.Rule', {
  alert: required(string),
  expr: required(string),
  for: field(duration),
  labels: field(stringMap),
  annotations: field(stringMap),
});
const group = struct('rulefmt.RuleGroup', {
  name: required(string),
  interval: field(duration),
  rules: field(list(rule)),
});
const file = struct('rulefmt.RuleGroups', {groups: field(list(group))});

/** A rule file of `groups` groups of twenty alerts. */
function ruleFile(groups: number): string {
  const out = ['groups:'];
  for (let g = 0; g < groups; g++) {
    out.push(`- name: group-${g}`, '  interval: 30s', '  rules:');
    for (let r = 0; r < 20; r++) {
      out.push(
        `  - alert: HighErrorRate${r}`,
        `    expr: |`,
        `      sum by (job) (rate(http_requests_total{code=~"5..",shard="${r}"}[5m]))`,
        `        / sum by (job) (rate(http_requests_total{shard="${r}"}[5m])) > 0.05`,
        '    for: 10m',
        '    labels: {severity: page, team: "a: b"}',
        '    annotations:',
        "      summary: 'High error rate of {{ $labels.job }}'",
        '      description: it has been {{ $value }} for ten minutes',
      );
    }
  }
  return out.join('\n');
}

/** Decodes and prints a rule file; scale 1 is about 1 MB. Returns a checksum. */
export function run(scale: number): number {
  const text = ruleFile(Math.max(1, Math.round(120 * scale)));
  const started = performance.now();
  const value = decodeYaml(text, file);
  const decoded = performance.now();
  const printed = writeYaml(file.encode(value));
  const done = performance.now();
  const kib = Math.round(text.length / 1024);
  console.log(
    `rule file of ${kib} KiB: decode ${(decoded - started).toFixed(1)} ms, print ${(done - decoded).toFixed(1)} ms`,
  );
  return value.groups.length + printed.length;
}

if (import.meta.main) for (let i = 0; i < 5; i++) run(1);
