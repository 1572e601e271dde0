import {quoteGo} from './quote.ts';
import {compareUtf8, isWellFormed, writeUtf8} from './utf8.ts';
import {XxHash64} from './xxhash64.ts';

/** The label that carries the metric name. */
export const METRIC_NAME = '__name__';

const LEGACY_METRIC = /^[A-Za-z_:][A-Za-z0-9_:]*$/;
const LEGACY_LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether `name` may name a metric: not empty and expressible in UTF-8. */
export function isValidMetricName(name: string): boolean {
  return name !== '' && isWellFormed(name);
}

/** Whether `name` may name a label: not empty and expressible in UTF-8. */
export function isValidLabelName(name: string): boolean {
  return name !== '' && isWellFormed(name);
}

/** Whether `name` was a metric name before UTF-8 names: letters, digits, `_` and `:`, no digit first. */
export function isLegacyMetricName(name: string): boolean {
  return LEGACY_METRIC.test(name);
}

/** Whether `name` was a label name before UTF-8 names: letters, digits and `_`, no digit first. */
export function isLegacyLabelName(name: string): boolean {
  return LEGACY_LABEL.test(name);
}

/** Which names a configuration allows. */
export type NameValidation = 'utf8' | 'legacy';

/** Whether `name` may name a label under `validation`. */
export function isLabelNameUnder(validation: NameValidation, name: string): boolean {
  return validation === 'legacy' ? isLegacyLabelName(name) : isValidLabelName(name);
}

/** Whether `name` may name a metric under `validation`. */
export function isMetricNameUnder(validation: NameValidation, name: string): boolean {
  return validation === 'legacy' ? isLegacyMetricName(name) : isValidMetricName(name);
}

/**
 * A label set: pairs of name and value sorted by the UTF-8 bytes of the name, no name twice, no empty value.
 * Immutable; it may be shared freely.
 */
export class Labels {
  static readonly empty: Labels = new Labels([]);

  /** Name, value, name, value... */
  private readonly pairs: readonly string[];

  private constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** Sorts the pairs and drops empty values (an empty label is no label); of equal names the last pair wins. */
  static of(pairs: Iterable<readonly [name: string, value: string]>): Labels {
    const list = [...pairs];
    if (!isSorted(list)) list.sort((a, b) => compareUtf8(a[0], b[0]));
    const flat: string[] = [];
    for (let i = 0; i < list.length; i++) {
      const [name, value] = list[i];
      if (value === '' || (i + 1 < list.length && list[i + 1][0] === name)) continue;
      flat.push(name, value);
    }
    return flat.length === 0 ? Labels.empty : new Labels(flat);
  }

  /** Labels of an object such as `{job: 'x'}`. */
  static fromObject(object: Readonly<Record<string, string>>): Labels {
    return Labels.of(Object.entries(object));
  }

  /**
   * Labels of a flat list name, value, name, value... that is already sorted by UTF-8 bytes, without duplicates
   * and empty values; nothing is checked and the list becomes the property of the labels.
   */
  static fromSorted(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  /** Number of labels. */
  get length(): number {
    return this.pairs.length >>> 1;
  }

  /** Name of label `i`, 0 ≤ i < length. */
  name(i: number): string {
    return this.pairs[2 * i];
  }

  /** Value of label `i`, 0 ≤ i < length. */
  value(i: number): string {
    return this.pairs[2 * i + 1];
  }

  /** Value of the label, '' when there is none. */
  get(name: string): string {
    const {pairs} = this;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === name) return pairs[i + 1];
    }
    return '';
  }

  has(name: string): boolean {
    return this.get(name) !== '';
  }

  equals(other: Labels): boolean {
    const {pairs} = this;
    if (pairs === other.pairs) return true;
    if (pairs.length !== other.pairs.length) return false;
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i] !== other.pairs[i]) return false;
    }
    return true;
  }

  *entries(): Generator<[name: string, value: string]> {
    for (let i = 0; i < this.pairs.length; i += 2) yield [this.pairs[i], this.pairs[i + 1]];
  }

  /** As a plain object, in label order (integer-like names move to the front, as objects have it). */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }

  /** For `JSON.stringify`: an object of name to value. */
  toJSON(): Record<string, string> {
    return this.toObject();
  }

  /** As upstream prints label sets: `{__name__="up", job="x"}`, names outside the legacy alphabet in quotes. */
  toString(): string {
    const parts: string[] = [];
    for (const [name, value] of this.entries()) parts.push(`${formatLabelName(name)}=${quoteGo(value)}`);
    return `{${parts.join(', ')}}`;
  }

  /** Upstream's hash: XXH64 over name 0xff value 0xff ... in label order. */
  hash(): bigint {
    hashInto(this.pairs);
    return (BigInt(hasher.high) << 32n) | BigInt(hasher.low);
  }

  /** The hash as two unsigned halves, `out[0]` the lower; no BigInt is made. */
  hashWords(out: Uint32Array): void {
    hashInto(this.pairs);
    out[0] = hasher.low;
    out[1] = hasher.high;
  }
}

/** Whether the names rise strictly, as those of printed or stored labels do. */
function isSorted(pairs: readonly (readonly [name: string, value: string])[]): boolean {
  for (let i = 1; i < pairs.length; i++) if (compareUtf8(pairs[i - 1][0], pairs[i][0]) >= 0) return false;
  return true;
}

const hasher = new XxHash64();

function hashInto(pairs: readonly string[]): void {
  let bytesMax = 0;
  for (const text of pairs) bytesMax += 3 * text.length + 1;
  hasher.reserve(bytesMax);
  const {bytes} = hasher;
  let at = 0;
  for (const text of pairs) {
    at = writeUtf8(text, bytes, at);
    bytes[at++] = 0xff;
  }
  hasher.hash(at);
}

/** Order of two label sets as upstream sorts series: pair by pair, name then value, the shorter first; bytes of UTF-8. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const byName = compareUtf8(a.name(i), b.name(i));
    if (byName !== 0) return byName;
    const byValue = compareUtf8(a.value(i), b.value(i));
    if (byValue !== 0) return byValue;
  }
  return a.length - b.length;
}

/** A label name as selectors and label sets show it: in quotes unless it is a legacy name. */
export function formatLabelName(name: string): string {
  return isLegacyLabelName(name) ? name : quoteGo(name);
}

/** A series as people read it: `up{job="x"}`; a metric name outside the legacy alphabet goes inside the braces in quotes. */
export function formatMetric(labels: Labels): string {
  const metric = labels.get(METRIC_NAME);
  const bare = metric === '' || isLegacyMetricName(metric);
  const parts: string[] = bare ? [] : [quoteGo(metric)];
  for (const [name, value] of labels.entries()) {
    if (name !== METRIC_NAME) parts.push(`${formatLabelName(name)}=${quoteGo(value)}`);
  }
  const prefix = bare ? metric : '';
  return parts.length === 0 && prefix !== '' ? prefix : `${prefix}{${parts.join(', ')}}`;
}

/** Edits a copy of a label set. */
export class LabelsBuilder {
  private base: Labels;
  private readonly changes = new Map<string, string>();

  constructor(base: Labels = Labels.empty) {
    this.base = base;
  }

  /** Starts again from `base`, so that one builder serves many series. */
  reset(base: Labels): this {
    this.base = base;
    this.changes.clear();
    return this;
  }

  /** Sets a label; an empty value deletes it. */
  set(name: string, value: string): this {
    // A label that comes back after it was deleted goes to the end, as upstream has it.
    if (this.changes.get(name) === '') this.changes.delete(name);
    this.changes.set(name, value);
    return this;
  }

  del(...names: string[]): this {
    for (const name of names) this.changes.set(name, '');
    return this;
  }

  /** Deletes every label that is not named. */
  keep(...names: string[]): this {
    for (const [name] of this.entries()) if (!names.includes(name)) this.del(name);
    return this;
  }

  /** Value as the labels stand now, '' when there is none. */
  get(name: string): string {
    return this.changes.get(name) ?? this.base.get(name);
  }

  /** The labels as they stand now, a snapshot: first those of the base that were left alone, then the others as they came. */
  entries(): [name: string, value: string][] {
    const out: [string, string][] = [];
    for (const entry of this.base.entries()) if (!this.changes.has(entry[0])) out.push(entry);
    for (const entry of this.changes) if (entry[1] !== '') out.push(entry);
    return out;
  }

  /** The resulting labels; the builder can go on being used. */
  labels(): Labels {
    for (const [name, value] of this.changes) if (this.base.get(name) !== value) return Labels.of(this.entries());
    return this.base;
  }
}
