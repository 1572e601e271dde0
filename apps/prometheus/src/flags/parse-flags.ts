import {parseBytes} from '@narthex/model/bytes.ts';
import {parseDuration, parseGoDuration} from '@narthex/model/duration.ts';
import {AnchoredRegex} from '@narthex/model/regex.ts';
import {flagTable, type Flag} from './flag-table.ts';

/** A command line that can't be taken; the message is one line for the user. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** The text of every flag, given or by default, and which of them were given. */
export interface FlagValues {
  readonly given: ReadonlySet<string>;
  text(name: string): string;
  texts(name: string): readonly string[];
  bool(name: string): boolean;
}

const byName = new Map(flagTable.map((flag) => [flag.name, flag]));
const byShort = new Map(flagTable.flatMap((flag) => (flag.short ? [[flag.short, flag] as const] : [])));

/** Read a command line as upstream's parser does: `--a=b`, `--a b`, `--flag`, `--no-flag`, `-h`. Throws FlagError. */
export function parseFlags(args: readonly string[]): FlagValues {
  const given = new Map<string, string[]>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const {flag, text} = readFlag(arg, rest);
    const texts = given.get(flag.name) ?? [];
    if (texts.length && flag.type !== 'strings') throw new FlagError(`flag '${flag.name}' cannot be repeated`);
    check(flag, text);
    given.set(flag.name, [...texts, text]);
  }
  return valuesOf(given);
}

function valuesOf(given: ReadonlyMap<string, readonly string[]>): FlagValues {
  const texts = (name: string) => {
    const flag = byName.get(name);
    if (!flag) throw new Error(`no flag --${name}`);
    return given.get(name) ?? (flag.default === undefined ? [] : [flag.default]);
  };
  return {
    given: new Set(given.keys()),
    texts,
    text: (name) => texts(name)[0] ?? '',
    bool: (name) => texts(name)[0] === 'true',
  };
}

function readFlag(arg: string, rest: string[]): {flag: Flag; text: string} {
  if (!arg.startsWith('-') || arg === '-') throw new FlagError(`unexpected ${arg}`);
  if (!arg.startsWith('--')) {
    const flag = byShort.get(arg.slice(1));
    if (!flag) throw new FlagError(`unknown short flag '${arg}'`);
    return {flag, text: 'true'};
  }
  const equals = arg.indexOf('=');
  const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const value = equals < 0 ? undefined : arg.slice(equals + 1);
  const negated = name.startsWith('no-') ? byName.get(name.slice(3)) : undefined;
  if (negated?.type === 'bool' && value === undefined) return {flag: negated, text: 'false'};
  const flag = byName.get(name);
  if (!flag) throw new FlagError(`unknown long flag '--${name}'`);
  if (flag.type === 'bool') return {flag, text: value ?? 'true'};
  const text = value ?? rest.shift();
  if (text === undefined) throw new FlagError(`expected argument for flag '--${name}'`);
  return {flag, text};
}

function check(flag: Flag, text: string): void {
  const refuse = (why: string): never => {
    throw new FlagError(`invalid value '${text}' for flag '--${flag.name}': ${why}`);
  };
  try {
    checkType(flag, text, refuse);
  } catch (error) {
    if (error instanceof FlagError) throw error;
    refuse(error instanceof Error ? error.message : String(error));
  }
}

function checkType({type: kind, values}: Flag, text: string, refuse: (why: string) => never): void {
  switch (kind) {
    case 'string':
      return;
    case 'bool':
      if (text !== 'true' && text !== 'false') refuse('want true or false');
      return;
    case 'int':
      if (!Number.isSafeInteger(Number(text)) || text.trim() === '') refuse('want a whole number');
      return;
    case 'float':
      if (!Number.isFinite(Number(text)) || text.trim() === '') refuse('want a number');
      return;
    case 'duration':
      return void parseDuration(text);
    case 'goDuration':
      return void parseGoDuration(text);
    case 'bytes':
      return void parseBytes(text);
    case 'regex':
      return void new AnchoredRegex(text);
    case 'strings':
    case 'enum':
      for (const item of kind === 'enum' || values ? text.split(',') : []) {
        if (values && !values.includes(item)) refuse(`must be one of ${values.join(', ')}`);
      }
      return;
    default:
      kind satisfies never;
  }
}
