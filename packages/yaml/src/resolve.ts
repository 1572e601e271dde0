import {parseGoFloat} from '@narthex/model/value.ts';
import type {ScalarNode} from './node.ts';

/** What a scalar means by itself, by the rules of Go's yaml package (YAML 1.1 with corrections). */
export type Resolved =
  | {readonly tag: '!!null'; readonly value: null}
  | {readonly tag: '!!bool'; readonly value: boolean}
  | {readonly tag: '!!int'; readonly value: bigint}
  | {readonly tag: '!!float'; readonly value: number}
  | {readonly tag: '!!timestamp' | '!!binary' | '!!str' | (string & {}); readonly value: string};

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL)?$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:Z|[+-]\d\d:\d\d))|(?: \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?))?$/;

const INTEGER_MIN = -(1n << 63n);
const INTEGER_MAX = (1n << 64n) - 1n;

/** Whether the node is null: `~`, `null`, nothing at all, or tagged so. */
export function isNull(node: ScalarNode): boolean {
  return node.tag === '!!null' || (node.tag === undefined && node.plain && NULL.test(node.text));
}

/** The meaning of a scalar; a quoted one is a string, an explicit tag goes first. */
export function resolveScalar(node: ScalarNode): Resolved {
  if (node.tag === undefined || node.tag === '!') {
    return node.plain && node.tag === undefined ? resolvePlain(node.text) : {tag: '!!str', value: node.text};
  }
  if (node.tag === '!!int' || node.tag === '!!bool' || node.tag === '!!null') return resolvePlain(node.text);
  if (node.tag !== '!!float') return {tag: node.tag, value: node.text};
  const resolved = resolvePlain(node.text);
  return resolved.tag === '!!int' ? {tag: '!!float', value: Number(resolved.value)} : resolved;
}

/** What `text` is instead of what the explicit tag says it is; undefined when the tag is right or says nothing. */
export function wrongTag(tag: string, text: string): string | undefined {
  if (!/^!!(?:int|bool|null|float|timestamp)$/.test(tag)) return undefined;
  const {tag: found} = resolvePlain(text);
  return found === tag || (tag === '!!float' && found === '!!int') ? undefined : found;
}

/** The meaning of text without quotes. */
export function resolvePlain(text: string): Resolved {
  if (!/^[-+.~0-9yYnNtTfFoO]/.test(text))
    return text === '' ? {tag: '!!null', value: null} : {tag: '!!str', value: text};
  if (NULL.test(text)) return {tag: '!!null', value: null};
  if (TRUE.test(text)) return {tag: '!!bool', value: true};
  if (FALSE.test(text)) return {tag: '!!bool', value: false};
  if (TIMESTAMP.test(text)) return {tag: '!!timestamp', value: text};
  return resolveNumber(text) ?? {tag: '!!str', value: text};
}

function resolveNumber(text: string): Resolved | undefined {
  if (INFINITY.test(text)) return {tag: '!!float', value: text.startsWith('-') ? -Infinity : Infinity};
  if (NOT_A_NUMBER.test(text)) return {tag: '!!float', value: NaN};
  const digits = text.replaceAll('_', '');
  const integer = parseGoInteger(digits);
  if (integer !== undefined) return {tag: '!!int', value: integer};
  const float = FLOAT.test(digits) ? parseGoFloat(digits) : undefined;
  return float === undefined ? undefined : {tag: '!!float', value: float};
}

/** An integer as Go's `ParseInt` and `ParseUint` read it with base 0: `12`, `-0x1f`, `0b11`, `0o17`, `017`. */
export function parseGoInteger(text: string): bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const size = BigInt(
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : decimal,
  );
  const value = sign === '-' ? -size : size;
  return value < INTEGER_MIN || value > INTEGER_MAX ? undefined : value;
}
