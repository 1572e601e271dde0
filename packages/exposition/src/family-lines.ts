import {isLegacyMetricName} from '@narthex/model/labels.ts';
import type {LabelPair} from './family.ts';

const ESCAPES: Readonly<Record<string, string>> = {'\\': '\\\\', '\n': '\\n', '"': '\\"'};

/** Backslash, newline and quote escaped, as in label values. */
export function escapeQuoted(text: string): string {
  return /["\\\n]/.test(text) ? text.replace(/["\\\n]/g, (char) => ESCAPES[char]) : text;
}

/** Backslash and newline escaped, as in the help of the text format. */
export function escapeHelp(text: string): string {
  return /[\\\n]/.test(text) ? text.replace(/[\\\n]/g, (char) => ESCAPES[char]) : text;
}

/** A metric or label name outside braces: in quotes unless it is a legacy name. */
export function nameText(name: string): string {
  return isLegacyMetricName(name) ? name : `"${escapeQuoted(name)}"`;
}

/**
 * A series as a line starts with it. `extra` is one more label at the end, already formatted (`le="0.5"`), '' without;
 * a metric name outside the legacy alphabet goes inside the braces.
 */
export function seriesText(name: string, labels: readonly LabelPair[], extra: string): string {
  const bare = isLegacyMetricName(name);
  let inside = bare ? '' : nameText(name);
  for (const [label, value] of labels) {
    inside += `${inside === '' ? '' : ','}${nameText(label)}="${escapeQuoted(value)}"`;
  }
  if (extra !== '') inside += inside === '' ? extra : `,${extra}`;
  if (!bare) return `{${inside}}`;
  return inside === '' ? name : `${name}{${inside}}`;
}
