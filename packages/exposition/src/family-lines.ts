import {isLegacyLabelName, isLegacyMetricName} from '@narthex/model/labels.ts';
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

/** A metric name: in quotes unless it is a legacy name. */
export function nameText(name: string): string {
  return isLegacyMetricName(name) ? name : `"${escapeQuoted(name)}"`;
}

/** A label name likewise; one with a colon needs quotes, or no parser reads it (upstream's writer leaves them out). */
export function labelNameText(name: string): string {
  return isLegacyLabelName(name) ? name : `"${escapeQuoted(name)}"`;
}

/** Writes the series of one family, whose metrics mostly share their label names. */
export class SeriesText {
  private readonly name: string;
  /** Whether the metric name stands before the braces; otherwise it is the first thing inside, in quotes. */
  private readonly isBare: boolean;
  private readonly labelNames = new Map<string, string>();

  constructor(name: string) {
    this.name = name;
    this.isBare = isLegacyMetricName(name);
  }

  /** The labels as they stand between braces; for `of`. */
  labels(labels: readonly LabelPair[]): string {
    let text = '';
    for (const [name, value] of labels) {
      if (text !== '') text += ',';
      text += this.labelName(name) + escapeQuoted(value) + '"';
    }
    return text;
  }

  /** The label name with what stands between it and the value. */
  private labelName(name: string): string {
    let text = this.labelNames.get(name);
    if (text === undefined) this.labelNames.set(name, (text = `${labelNameText(name)}="`));
    return text;
  }

  /** The series of the family's name with `suffix`; `labels` as from `labels()`, `extra` one more, formatted, '' without. */
  of(suffix: string, labels: string, extra = ''): string {
    const inside = labels === '' || extra === '' ? labels + extra : `${labels},${extra}`;
    if (this.isBare) return inside === '' ? this.name + suffix : `${this.name}${suffix}{${inside}}`;
    const quoted = nameText(this.name + suffix);
    return inside === '' ? `{${quoted}}` : `{${quoted},${inside}}`;
  }
}
