import type {YamlType} from './type.ts';

/**
 * `type` with its values turned into others: `decode` makes the new value and may refuse by throwing an error, whose
 * message becomes the problem; `encode` goes back.
 */
export function refine<T, U>(
  type: YamlType<T>,
  decode: (value: T) => U,
  encode: (value: U) => T,
  goType: string = type.goType,
): YamlType<U> {
  return {
    goType,
    zero: () => decode(type.zero()),
    decode(node, path, context) {
      const value = type.decode(node, path, context);
      return value === undefined ? undefined : context.attempt(node, path, () => decode(value));
    },
    encode: (value) => type.encode(encode(value)),
    isEmpty: (value) => type.isEmpty(encode(value)),
  };
}

/** A value and where it stands. */
export interface Located<T> {
  readonly value: T;
  /** From 1; 0 when the value is not from a document. */
  readonly line: number;
  readonly column: number;
}

/** `type` with the place of each value. */
export function located<T>(type: YamlType<T>): YamlType<Located<T>> {
  return {
    goType: type.goType,
    zero: () => ({value: type.zero(), line: 0, column: 0}),
    decode(node, path, context) {
      const value = type.decode(node, path, context);
      return value === undefined ? undefined : {value, ...context.position(node)};
    },
    encode: ({value}) => type.encode(value),
    isEmpty: ({value}) => type.isEmpty(value),
  };
}

/** `type`, or null where the document says so. */
export function nullable<T>(type: YamlType<T>): YamlType<T | null> {
  return {
    goType: type.goType,
    zero: () => null,
    decode: (node, path, context) => type.decode(node, path, context),
    encode: (value) => (value === null ? null : type.encode(value)),
    isEmpty: (value) => value === null,
  };
}
