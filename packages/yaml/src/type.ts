import type {YamlNode} from './node.ts';
import type {YamlValue} from './write.ts';

/** How null is taken: Go's yaml v2 makes it the zero value, v3 leaves the default. */
export type YamlDialect = 'v2' | 'v3';

/** What a type is given to decode with. */
export interface DecodeContext {
  readonly dialect: YamlDialect;
  /** Whether keys that no field has are problems. */
  readonly strict: boolean;
  /** Notes a problem of what Go's yaml itself checks, and goes on. */
  typeProblem(node: YamlNode, path: string, message: string): void;
  /** Notes that `node` cannot become a value of the type, in Go's words. */
  mismatch(node: YamlNode, path: string, goType: string): void;
  /** Runs a function that may refuse a value by throwing, and notes the refusal as a problem. */
  attempt<T>(node: YamlNode, path: string, decode: () => T): T | undefined;
  /** Counts a visit; throws where aliases multiply a document beyond measure. */
  visit(node: YamlNode): void;
  position(node: YamlNode): {line: number; column: number};
}

/** A declared type: how a value of it is read from a node, printed, and what it is when nothing is said. */
export interface YamlType<T> {
  /** Name in Go's error messages: `int`, `[]string`, `config.plain`. */
  readonly goType: string;
  /** The value without any input. */
  zero(): T;
  /** The value of a node that is not null; undefined when a problem was noted. */
  decode(node: YamlNode, path: string, context: DecodeContext): T | undefined;
  /** The value as the writer prints it. */
  encode(value: T): YamlValue;
  /** Whether a field that leaves out empty values leaves this one out. */
  isEmpty(value: T): boolean;
}

/** The type of the values of a declared type. */
export type YamlOf<Type> = Type extends YamlType<infer T> ? T : never;
