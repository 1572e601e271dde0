import {joinPath, readEntries, type NamedEntry} from './collections.ts';
import {YamlValueError} from './error.ts';
import type {MappingNode, YamlNode} from './node.ts';
import {nearestKey} from './nearest-key.ts';
import {isNull} from './resolve.ts';
import type {DecodeContext, YamlType} from './type.ts';
import type {YamlValue} from './write.ts';

/** One key of a struct. */
export interface Field<T> {
  readonly type: YamlType<T & {}>;
  /** The value when the key is not there. */
  readonly fallback: () => T;
  readonly required: boolean;
  /** When the printed struct leaves the key out. */
  readonly omit: 'empty' | 'never' | 'always';
  /** Whether null is as good as leaving the key out, in Go's yaml v2 as well. */
  readonly nullIsAbsent: boolean;
}

/** A key that takes the type's zero value when it is not there, and is left out of the print when empty. */
export function field<T>(type: YamlType<T>): Field<T>;
/** A key with a default, which is printed always. */
export function field<T>(type: YamlType<T>, fallback: T | (() => T)): Field<T>;
export function field<T>(type: YamlType<T>, ...fallback: [] | [T | (() => T)]): Field<T> {
  const base = {type: type as YamlType<T & {}>, required: false, nullIsAbsent: false};
  if (fallback.length === 0) return {...base, fallback: () => type.zero(), omit: 'empty'};
  const [value] = fallback;
  return {...base, fallback: typeof value === 'function' ? (value as () => T) : () => value, omit: 'never'};
}

/** A key that may be missing; its value is undefined then, for null as well. */
export function optional<T>(type: YamlType<T>): Field<T | undefined> {
  const base = {type: type as YamlType<T & {}>, required: false, omit: 'empty' as const};
  return {...base, fallback: () => undefined, nullIsAbsent: true};
}

/** A key that must be there. */
export function required<T>(type: YamlType<T>): Field<T> {
  return {...field(type), required: true, omit: 'never'};
}

/** The same key, printed even when empty. */
export function printed<T>(of: Field<T>): Field<T> {
  return {...of, omit: 'never'};
}

/** The same key, left out of the print when its value is empty though it has a default. */
export function omitEmpty<T>(of: Field<T>): Field<T> {
  return {...of, omit: 'empty'};
}

/** The same key, never printed. */
export function unprinted<T>(of: Field<T>): Field<T> {
  return {...of, omit: 'always'};
}

/** Keys of a struct as they are written in YAML. Tables are joined by spreading: `{...httpClientFields, job_name: ...}`. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** `scrape_interval` → `scrapeInterval`. */
export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** The value of a struct: its keys in camel case. */
export type StructOf<F extends Fields> = {
  readonly [Key in keyof F & string as CamelCase<Key>]: F[Key] extends Field<infer T> ? T : never;
};

export interface StructOptions<F extends Fields, T> {
  /** Makes the final value of the fields; refuses by throwing an error, whose message becomes the problem. */
  readonly check?: (value: StructOf<F>) => T;
  /** Name of the type seen from outside where it differs from the name for unknown keys: `*config.ScrapeConfig`. */
  readonly goType?: string;
  /** Whether null is the struct of defaults (as an empty mapping would be), so by default, or is refused. */
  readonly isEmpty?: (value: T) => boolean;
}

/**
 * A mapping with known keys. `name` is the Go type in "field x not found in type config.plain". Null is an empty
 * mapping. The fields are also printed in the order of the table.
 */
export function struct<const F extends Fields, T = StructOf<F>>(
  name: string,
  fields: F,
  options: StructOptions<F, T> = {},
): StructType<F, T> {
  return new StructType(name, fields, options);
}

class StructType<F extends Fields, T> implements YamlType<T> {
  readonly goType: string;
  readonly fields: F;
  private readonly name: string;
  private readonly options: StructOptions<F, T>;
  private readonly rows: readonly FieldRow[];
  private readonly rowByKey: ReadonlyMap<string, FieldRow>;

  constructor(name: string, fields: F, options: StructOptions<F, T>) {
    this.name = name;
    this.goType = options.goType ?? name;
    this.fields = fields;
    this.options = options;
    this.rows = Object.entries(fields).map(([key, of]) => ({key, property: camelCase(key), field: of}));
    this.rowByKey = new Map(this.rows.map((row) => [row.key, row]));
  }

  /** The struct that an empty mapping gives; it is not checked. */
  zero(): T {
    return Object.fromEntries(this.rows.map(({property, field: {fallback}}) => [property, fallback()])) as T;
  }

  decode(node: YamlNode, path: string, context: DecodeContext): T | undefined {
    if (node.kind !== 'mapping') return void context.mismatch(node, path, this.name);
    const found = this.decodeFields(node, path, context);
    if (found === undefined) return undefined;
    const {check} = this.options;
    return check === undefined ? (found as T) : context.attempt(node, path, () => check(found));
  }

  private decodeFields(node: MappingNode, path: string, context: DecodeContext): StructOf<F> | undefined {
    const values: Record<string, unknown> = {};
    const problems = {found: false};
    const entries = new Map<string, NamedEntry>();
    const onRepeated = (first: NamedEntry, key: YamlNode) => this.noteRepeated(first, key, path, context);
    for (const entry of readEntries(node, path, context, onRepeated)) {
      entries.set(entry.name, entry);
      if (!this.rowByKey.has(entry.name)) this.noteUnknown(entry.name, entry.key, path, context);
    }
    for (const row of this.rows) {
      const value = decodeField(row, entries.get(row.key), node, path, context);
      if (value === FAILED) problems.found = true;
      else values[row.property] = value;
    }
    return problems.found ? undefined : (values as StructOf<F>);
  }

  private noteUnknown(name: string, key: YamlNode, path: string, context: DecodeContext): void {
    if (!context.strict) return;
    const near = nearestKey(name, this.rowByKey.keys());
    const hint = near === undefined ? '' : `, did you mean ${near}?`;
    context.typeProblem(key, path, `field ${name} not found in type ${this.name}${hint}`);
  }

  private noteRepeated({name, key: firstKey}: NamedEntry, key: YamlNode, path: string, context: DecodeContext): void {
    if (!context.strict) return;
    if (context.dialect === 'v3') {
      const {line} = context.position(firstKey);
      context.typeProblem(key, path, `mapping key ${JSON.stringify(name)} already defined at line ${line}`);
    } else if (this.rowByKey.has(name)) {
      context.typeProblem(key, path, `field ${name} already set in type ${this.name}`);
    } else {
      this.noteUnknown(name, key, path, context);
    }
  }

  encode(value: T): YamlValue {
    const printed = new Map<string, YamlValue>();
    for (const {key, property, field: of} of this.rows) {
      const item = (value as Record<string, unknown>)[property];
      if (of.omit === 'always' || item === undefined || item === null) continue;
      if (of.omit === 'empty' && of.type.isEmpty(item)) continue;
      printed.set(key, of.type.encode(item));
    }
    return printed;
  }

  isEmpty(value: T): boolean {
    const {isEmpty} = this.options;
    if (isEmpty !== undefined) return isEmpty(value);
    return this.rows.every(({property, field: of}) => {
      const item = (value as Record<string, unknown>)[property];
      return of.omit === 'always' || item === undefined || item === null || of.type.isEmpty(item);
    });
  }
}

export type {StructType};

interface FieldRow {
  readonly key: string;
  readonly property: string;
  readonly field: Field<unknown>;
}

const FAILED = Symbol('failed');

function decodeField(
  {key, field: of}: FieldRow,
  entry: NamedEntry | undefined,
  node: YamlNode,
  path: string,
  context: DecodeContext,
): unknown {
  const fieldPath = joinPath(path, key);
  if (entry === undefined) {
    if (of.required) return context.attempt(node, fieldPath, () => missing(key)) ?? FAILED;
    return of.fallback();
  }
  const {value} = entry;
  context.visit(value);
  if (value.kind === 'scalar' && isNull(value)) {
    return of.nullIsAbsent || context.dialect === 'v3' ? of.fallback() : of.type.zero();
  }
  const decoded = of.type.decode(value, fieldPath, context);
  return decoded === undefined ? FAILED : decoded;
}

function missing(key: string): never {
  throw new YamlValueError(`missing key ${key}`);
}

/** The property of a struct's value that a key becomes. */
export function camelCase(key: string): string {
  return key.replace(/_([^_])/g, (_, letter: string) => letter.toUpperCase());
}
