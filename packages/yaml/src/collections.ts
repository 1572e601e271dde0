import type {MappingEntry, MappingNode, YamlNode} from './node.ts';
import {isNull} from './resolve.ts';
import {string} from './scalars.ts';
import type {DecodeContext, YamlType} from './type.ts';
import {flow, type YamlValue} from './write.ts';

/** Any number of values; items with problems are left out, and so are nulls in Go's yaml v3. */
export function list<T>(item: YamlType<T>): YamlType<readonly T[]> {
  const goType = `[]${item.goType}`;
  return {
    goType,
    zero: () => [],
    decode(node, path, context) {
      if (node.kind !== 'sequence') return void context.mismatch(node, path, goType);
      const values: T[] = [];
      for (const [i, child] of node.items.entries()) {
        const value = decodeItem(item, child, `${path}[${i}]`, context);
        if (value !== undefined) values.push(value);
      }
      return values;
    },
    encode: (values) => values.map((value) => item.encode(value)),
    isEmpty: (values) => values.length === 0,
  };
}

function decodeItem<T>(item: YamlType<T>, node: YamlNode, path: string, context: DecodeContext): T | undefined {
  context.visit(node);
  if (node.kind === 'scalar' && isNull(node)) return context.dialect === 'v2' ? item.zero() : undefined;
  return item.decode(node, path, context);
}

/** A list that is printed on one line: `[a, b]`. */
export function flowList<T>(item: YamlType<T>): YamlType<readonly T[]> {
  const type = list(item);
  return {...type, encode: (values) => flow(values.map((value) => item.encode(value)))};
}

/** A mapping from any string to values of one type, in the order of the document. */
export function map<T>(item: YamlType<T>): YamlType<ReadonlyMap<string, T>> {
  const goType = `map[string]${item.goType}`;
  return {
    goType,
    zero: () => new Map(),
    decode(node, path, context) {
      if (node.kind !== 'mapping') return void context.mismatch(node, path, goType);
      const values = new Map<string, T>();
      for (const {name, value: child} of readEntries(node, path, context, (first, key) =>
        noteRepeated(first, key, path, context),
      )) {
        const value = decodeItem(item, child, joinPath(path, name), context);
        if (value !== undefined) values.set(name, value);
      }
      return values;
    },
    encode: (values) => encodeMap(values, item),
    isEmpty: (values) => values.size === 0,
  };
}

function encodeMap<T>(values: ReadonlyMap<string, T>, item: YamlType<T>): YamlValue {
  const names = [...values.keys()].sort(compareKeys);
  return new Map(names.map((name) => [name, item.encode(values.get(name)!)]));
}

/** Strings by strings, such as labels. */
export const stringMap: YamlType<ReadonlyMap<string, string>> = map(string);

export interface NamedEntry {
  readonly name: string;
  readonly key: YamlNode;
  readonly value: YamlNode;
}

export type OnRepeated = (first: NamedEntry, key: YamlNode) => void;

/**
 * The entries of a mapping with merge keys (`<<`) filled in: what a mapping says itself goes before what it merges, and
 * an earlier merged mapping before a later one. `onRepeated` is called for every key that was there before.
 */
export function readEntries(
  node: MappingNode,
  path: string,
  context: DecodeContext,
  onRepeated: OnRepeated,
  depth = 0,
): NamedEntry[] {
  if (!node.entries.some(({key}) => isMerge(key))) return ownEntries(node.entries, path, context, onRepeated);
  const own = node.entries.filter(({key}) => !isMerge(key));
  const named = ownEntries(own, path, context, onRepeated);
  const seen = new Set(named.map(({name}) => name));
  for (const {value} of node.entries.filter(({key}) => isMerge(key))) {
    for (const entry of mergedEntries(value, path, context, onRepeated, depth + 1)) {
      if (seen.has(entry.name)) continue;
      seen.add(entry.name);
      named.push(entry);
    }
  }
  return named;
}

function ownEntries(
  entries: readonly MappingEntry[],
  path: string,
  context: DecodeContext,
  onRepeated: OnRepeated,
): NamedEntry[] {
  const named = new Map<string, NamedEntry>();
  for (const {key, value} of entries) {
    const name = keyName(key, path, context);
    if (name === undefined) continue;
    const first = named.get(name);
    if (first === undefined) named.set(name, {name, key, value});
    else onRepeated(first, key);
  }
  return [...named.values()];
}

function keyName(key: YamlNode, path: string, context: DecodeContext): string | undefined {
  if (key.kind === 'scalar') return string.decode(key, path, context);
  return void context.mismatch(key, path, 'string');
}

function noteRepeated({name, key: firstKey}: NamedEntry, key: YamlNode, path: string, context: DecodeContext): void {
  if (!context.strict) return;
  const quoted = JSON.stringify(name);
  const message =
    context.dialect === 'v3'
      ? `mapping key ${quoted} already defined at line ${context.position(firstKey).line}`
      : `key ${quoted} already set in map`;
  context.typeProblem(key, path, message);
}

function isMerge(key: YamlNode): boolean {
  if (key.kind !== 'scalar' || key.text !== '<<') return false;
  return key.tag === undefined ? key.plain : key.tag === '!!merge';
}

const MERGE_DEPTH_MAX = 100;

function mergedEntries(
  value: YamlNode,
  path: string,
  context: DecodeContext,
  onRepeated: OnRepeated,
  depth: number,
): NamedEntry[] {
  context.visit(value);
  if (depth > MERGE_DEPTH_MAX) {
    context.typeProblem(value, path, `more than ${MERGE_DEPTH_MAX} mappings merged into each other`);
    return [];
  }
  if (value.kind === 'mapping') {
    const entries = readEntries(value, path, context, onRepeated, depth);
    for (const entry of entries) context.visit(entry.key);
    return entries;
  }
  if (value.kind === 'sequence' && value.items.every(({kind}) => kind === 'mapping')) {
    return value.items.flatMap((item) => mergedEntries(item, path, context, onRepeated, depth));
  }
  context.typeProblem(value, path, 'map merge requires map or sequence of maps as the value');
  return [];
}

export function joinPath(path: string, name: string): string {
  const step = /^[A-Za-z_][\w-]*$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? step : `${path}.${step}`;
}

/**
 * Go's order of map keys: digits as numbers, letters after everything else, but before it where digits go before (v3; the
 * rule of v2 lacks that and is no order: `1a` < `5` < `10` < `1a`).
 */
export function compareKeys(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] !== y[i]) return compareAt(x, y, i);
  }
  return x.length - y.length;
}

function compareAt(x: readonly string[], y: readonly string[], i: number): number {
  const xLetter = isLetter(x[i]);
  const yLetter = isLetter(y[i]);
  const afterDigits = i > 0 && isDigit(x[i - 1]);
  if (xLetter !== yLetter) return xLetter === afterDigits ? -1 : 1;
  return (xLetter ? 0 : compareNumbers(x, y, i)) || x[i].codePointAt(0)! - y[i].codePointAt(0)!;
}

/** Compares the numbers that stand in both at `i`, or are continued there, if any. */
function compareNumbers(x: readonly string[], y: readonly string[], i: number): number {
  // Where a digit other than 0 stands before, a 0 here counts as a place and not as a leading zero.
  const lead = (x[i] === '0' || y[i] === '0') && continuesNumber(x, i) ? '1' : '';
  const xDigits = digitsAt(x, i);
  const yDigits = digitsAt(y, i);
  return Number(lead + xDigits) - Number(lead + yDigits) || xDigits.length - yDigits.length;
}

function continuesNumber(chars: readonly string[], i: number): boolean {
  for (let j = i - 1; j >= 0 && isDigit(chars[j]); j--) if (chars[j] !== '0') return true;
  return false;
}

function digitsAt(chars: readonly string[], i: number): string {
  let end = i;
  while (end < chars.length && isDigit(chars[end])) end++;
  return chars.slice(i, end).join('');
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isLetter(char: string): boolean {
  return /^\p{L}$/u.test(char);
}
