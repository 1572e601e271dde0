import {camelCase} from './struct.ts';
import type {YamlType} from './type.ts';

/**
 * Anything at all: what stands there is neither checked nor kept, only that it is there. For parts of a configuration that another
 * program reads, or that this one does not act on yet. Never printed, since it may hold secrets.
 */
export const unread: YamlType<boolean> = {
  goType: 'interface {}',
  zero: () => false,
  decode: (node) =>
    node.kind === 'sequence' ? node.items.length > 0 : node.kind !== 'mapping' || node.entries.length > 0,
  encode: () => null,
  isEmpty: () => true,
};

/** Those of `keys` that are there in the value of a struct whose fields of these keys are `unread`. */
export function unreadKeys(value: object, keys: readonly string[]): string[] {
  const given = value as Readonly<Record<string, unknown>>;
  return keys.filter((key) => given[camelCase(key)] === true);
}
