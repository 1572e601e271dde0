import {formatFloatG} from '@narthex/model/value.ts';
import {resolvePlain} from './resolve.ts';

/** What the writer prints: scalars, lists and mappings in their order. */
export type YamlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | YamlFloat
  | YamlFlow
  | readonly YamlValue[]
  | ReadonlyMap<string, YamlValue>;

/** A float; a plain number is printed as an integer where it is one. */
export interface YamlFloat {
  readonly float: number;
}

/** A list on one line. */
export interface YamlFlow {
  readonly flow: readonly YamlValue[];
}

export function yamlFloat(float: number): YamlFloat {
  return {float};
}

export function flow(items: readonly YamlValue[]): YamlFlow {
  return {flow: items};
}

const INDENT = 2;
const WIDTH = 80;
const LITERAL_INDENT_MAX = 9;

/** A value as Go's yaml v2 prints it: two spaces a level, list items at their key's column, lines folded after 80 columns. */
export function writeYaml(value: YamlValue): string {
  const writer = new Writer();
  writer.node(value, 0, 'root');
  return writer.finish();
}

type Place = 'root' | 'value' | 'item' | 'key' | 'flow';

class Writer {
  private readonly out: string[] = [];
  /** Columns written on this line. */
  private column = 0;

  finish(): string {
    return `${this.out.join('')}\n`;
  }

  /** Prints a value; `indent` is the column of the keys or items that belong to it. */
  node(value: YamlValue, indent: number, place: Place): void {
    if (value === null) this.scalar('null', place);
    else if (typeof value === 'string') this.string(value, indent, place);
    else if (typeof value !== 'object') this.scalar(String(value), place);
    else if ('float' in value) this.scalar(formatYamlFloat(value.float), place);
    else if ('flow' in value) this.flowList(value.flow, indent, place);
    else if (isList(value)) this.list(value, indent, place);
    else this.mapping(value as ReadonlyMap<string, YamlValue>, indent, place);
  }

  private list(items: readonly YamlValue[], indent: number, place: Place): void {
    if (items.length === 0) {
      this.scalar('[]', place);
      return;
    }
    // Under a key the items stand at the column of the key.
    const column = place === 'value' ? indent - INDENT : indent;
    for (const [i, item] of items.entries()) {
      if (i > 0 || place === 'value') this.newLine(column);
      else if (place === 'item') this.write(' ');
      this.write('-');
      this.node(item, column + INDENT, 'item');
    }
  }

  private mapping(entries: ReadonlyMap<string, YamlValue>, indent: number, place: Place): void {
    if (entries.size === 0) {
      this.scalar('{}', place);
      return;
    }
    let first = true;
    for (const [key, value] of entries) {
      if (!first || place === 'value') this.newLine(indent);
      else if (place === 'item') this.write(' ');
      first = false;
      this.string(key, indent, 'key');
      this.write(':');
      this.node(value, indent + INDENT, 'value');
    }
  }

  private flowList(items: readonly YamlValue[], indent: number, place: Place): void {
    this.space(place);
    this.write('[');
    for (const [i, item] of items.entries()) {
      if (i > 0) this.write(',');
      if (this.column > WIDTH) this.newLine(indent);
      else if (i > 0) this.write(' ');
      this.node(item, indent, 'flow');
    }
    this.write(']');
  }

  private string(text: string, indent: number, place: Place): void {
    const style = chooseStyle(text, place);
    this.space(place);
    if (style === 'literal') this.literal(text, indent);
    else if (style === 'double') this.doubleQuoted(text, indent, place !== 'key');
    else if (style === 'single') this.singleQuoted(text, indent, place !== 'key');
    else this.folded(text, indent, place !== 'key');
  }

  /** A `|` block; its lines hang under the key or item. */
  private literal(text: string, indent: number): void {
    const body = Math.max(indent, INDENT);
    const hint = /^[ \n]/.test(text) ? String(Math.min(INDENT, LITERAL_INDENT_MAX)) : '';
    this.write(`|${hint}${chomping(text)}`);
    const lines = text.replace(/\n$/, '').split('\n');
    for (const line of lines) {
      this.write('\n');
      this.column = 0;
      if (line !== '') this.write(' '.repeat(body) + line);
    }
  }

  private singleQuoted(text: string, indent: number, mayFold: boolean): void {
    this.write("'");
    this.folded(text.replaceAll("'", "''"), indent, mayFold);
    this.write("'");
  }

  /** Text whose single spaces may become line breaks past the width. */
  private folded(text: string, indent: number, mayFold: boolean): void {
    if (!mayFold || this.column + text.length <= WIDTH) {
      this.write(text);
      return;
    }
    let start = 0;
    for (const {index} of text.matchAll(/(?<=[^ ]) (?=[^ ])/g)) {
      this.write(text.slice(start, index));
      if (this.column > WIDTH) this.newLine(indent);
      else this.write(' ');
      start = index + 1;
    }
    this.write(text.slice(start));
  }

  private doubleQuoted(text: string, indent: number, mayFold: boolean): void {
    this.write('"');
    let afterSpace = false;
    const chars = [...text];
    for (const [i, char] of chars.entries()) {
      const folds = char === ' ' && mayFold && !afterSpace && this.column > WIDTH && i > 0 && i < chars.length - 1;
      afterSpace = char === ' ';
      if (folds) {
        this.newLine(indent);
        if (chars[i + 1] === ' ') this.write('\\');
      } else {
        this.write(isPrintable(char) && char !== '"' && char !== '\\' ? char : escapeChar(char));
      }
    }
    this.write('"');
  }

  private scalar(text: string, place: Place): void {
    this.space(place);
    this.write(text);
  }

  private space(place: Place): void {
    if (place === 'value' || place === 'item') this.write(' ');
  }

  private newLine(column: number): void {
    this.out.push('\n', ' '.repeat(column));
    this.column = column;
  }

  private write(text: string): void {
    this.out.push(text);
    this.column += text.length;
  }
}

function isList(value: object): value is readonly YamlValue[] {
  return Array.isArray(value);
}

type Style = 'plain' | 'single' | 'double' | 'literal';

function chooseStyle(text: string, place: Place): Style {
  const inLine = place === 'key' || place === 'flow';
  if (UNPRINTABLE.test(text)) return 'double';
  if (text.includes('\n')) return inLine || / (?:\n|$)/.test(text) ? 'double' : 'literal';
  if (resolvePlain(text).tag !== '!!str' || isBase60(text)) return 'double';
  if (/^ | $/.test(text)) return 'single';
  return isPlainAllowed(text, inLine && place === 'flow') ? 'plain' : 'single';
}

/** YAML 1.1 had numbers to base 60, which other parsers still read. */
function isBase60(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
}

function isPlainAllowed(text: string, inFlow: boolean): boolean {
  if (/^(?:---|\.\.\.)/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text)) return false;
  if (/^[-?:](?:\s|$)/.test(text) || /:(?:\s|$)/.test(text) || /\s#/.test(text)) return false;
  return !inFlow || !(/^[?:]/.test(text) || /[,?[\]{}:]/.test(text.slice(1)));
}

function chomping(text: string): string {
  if (!text.endsWith('\n')) return '-';
  return text.endsWith('\n\n') || text === '\n' ? '+' : '';
}

/** What Go's emitter lets stand unescaped: not even all printable characters, those beyond U+FFFF are escaped. */
const PRINTABLE = '\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd';
const PRINTABLE_CHAR = new RegExp(`^[${PRINTABLE}]$`);
const UNPRINTABLE = new RegExp(`[^\\n${PRINTABLE}]`);

function isPrintable(char: string): boolean {
  return PRINTABLE_CHAR.test(char);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escapeChar(char: string): string {
  const short = ESCAPES[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0)!;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function formatYamlFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '+.inf' : '-.inf';
  return formatFloatG(value);
}
