import {formatBytes, parseBytes} from '@narthex/model/bytes.ts';
import {formatDuration, formatGoDuration, parseDuration, parseGoDuration} from '@narthex/model/duration.ts';
import {YamlValueError} from './error.ts';
import type {ScalarNode, YamlNode} from './node.ts';
import {resolveScalar, type Resolved} from './resolve.ts';
import type {DecodeContext, YamlType} from './type.ts';
import {yamlFloat} from './write.ts';

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** Any scalar but null, as it was written. */
export const string: YamlType<string> = {
  goType: 'string',
  zero: () => '',
  decode(node, path, context) {
    if (node.kind !== 'scalar') return mismatch(node, path, context, 'string');
    return node.tag === '!!binary' ? context.attempt(node, path, () => decodeBinary(node.text)) : node.text;
  },
  encode: (value) => value,
  isEmpty: (value) => value === '',
};

/** A string that is printed as `<secret>`. */
export const secret: YamlType<string> = {...string, encode: (value) => (value === '' ? '' : '<secret>')};

/** `true`, `false` and the other spellings of YAML 1.1 (`yes`, `off`...), without quotes. */
export const bool: YamlType<boolean> = {
  goType: 'bool',
  zero: () => false,
  decode(node, path, context) {
    const resolved = resolve(node);
    return typeof resolved?.value === 'boolean' ? resolved.value : mismatch(node, path, context, 'bool');
  },
  encode: (value) => value,
  isEmpty: (value) => !value,
};

/** An integer of 64 bits, kept within ±(2^53 - 1); a fraction is cut off, as Go's yaml does. */
export const int: YamlType<number> = {
  goType: 'int',
  zero: () => 0,
  decode(node, path, context) {
    const value = wholeNumber(node);
    return value === undefined || value < -INT64_MAX || value > INT64_MAX
      ? mismatch(node, path, context, 'int')
      : clampToSafe(value);
  },
  encode: (value) => value,
  isEmpty: (value) => value === 0,
};

/** Like `int`, not below 0. */
export const uint: YamlType<number> = {
  ...int,
  goType: 'uint',
  decode(node, path, context) {
    const value = wholeNumber(node);
    return value === undefined || value < 0n || value > UINT64_MAX
      ? mismatch(node, path, context, 'uint')
      : clampToSafe(value);
  },
};

function clampToSafe(value: bigint): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(value), Number.MAX_SAFE_INTEGER));
}

/** An integer of 64 bits, not below 0. */
export const uint64: YamlType<bigint> = {
  goType: 'uint64',
  zero: () => 0n,
  decode(node, path, context) {
    const value = wholeNumber(node);
    return value !== undefined && value >= 0n && value <= UINT64_MAX ? value : mismatch(node, path, context, 'uint64');
  },
  encode: (value) => value,
  isEmpty: (value) => value === 0n,
};

export const float: YamlType<number> = {
  goType: 'float64',
  zero: () => 0,
  decode(node, path, context) {
    const resolved = resolve(node);
    if (typeof resolved?.value === 'number') return resolved.value;
    return typeof resolved?.value === 'bigint' ? Number(resolved.value) : mismatch(node, path, context, 'float64');
  },
  encode: (value) => yamlFloat(value),
  isEmpty: (value) => value === 0,
};

/** Milliseconds of a duration in Prometheus' syntax, `1h30m`. */
export const duration: YamlType<number> = parsedScalar('model.Duration', 0, parseDuration, formatDuration);

/** Milliseconds, maybe with a fraction, of a duration in Go's syntax, `1.5s`. */
export const goDuration: YamlType<number> = parsedScalar('time.Duration', 0, parseGoDuration, formatGoDuration);

/** A number of bytes such as `512MB`. */
export const bytes: YamlType<number> = parsedScalar('units.Base2Bytes', 0, parseBytes, formatBytes);

/**
 * A type whose values are written as a string: `parse` refuses one by throwing an error, whose message becomes the
 * problem; `format` prints it back.
 */
export function parsedScalar<T>(
  goType: string,
  zero: T,
  parse: (text: string) => T,
  format: (value: T) => string,
): YamlType<T> {
  return {
    goType,
    zero: () => zero,
    decode(node, path, context) {
      const text = string.decode(node, path, context);
      return text === undefined ? undefined : context.attempt(node, path, () => parse(text));
    },
    encode: format,
    isEmpty: (value) => value === zero,
  };
}

/** One of a few strings. */
export function oneOf<const T extends string>(values: readonly T[], goType = 'string'): YamlType<T | ''> {
  return parsedScalar<T | ''>(
    goType,
    '',
    (text) => {
      const found = values.find((value) => value === text);
      if (found === undefined)
        throw new YamlValueError(`unknown value "${text}", expected one of ${values.join(', ')}`);
      return found;
    },
    (value) => value,
  );
}

function mismatch(node: YamlNode, path: string, context: DecodeContext, goType: string): undefined {
  context.mismatch(node, path, goType);
}

function resolve(node: YamlNode): Resolved | undefined {
  return node.kind === 'scalar' ? resolveScalar(node) : undefined;
}

function wholeNumber(node: YamlNode): bigint | undefined {
  const resolved = resolve(node);
  if (typeof resolved?.value === 'bigint') return resolved.value;
  if (typeof resolved?.value !== 'number' || !Number.isFinite(resolved.value)) return undefined;
  return BigInt(Math.trunc(resolved.value));
}

/** Bytes that are no UTF-8 become lone low surrogates U+DC80..U+DCFF, so that validity checks see them. */
export function decodeBinary(text: ScalarNode['text']): string {
  const base64 = text.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new YamlValueError('!!binary value contains invalid base64 data');
  }
  const raw = Buffer.from(base64, 'base64');
  const decoded = raw.toString('utf8');
  return Buffer.from(decoded).equals(raw) ? decoded : escapeBytes(raw);
}

function escapeBytes(raw: Buffer): string {
  return Array.from(raw, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
}
