import fs from 'node:fs';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
export type LogFormat = 'logfmt' | 'json';

/** What a line says beside its message. Values print as text; `undefined` is left out. */
export type Fields = Readonly<Record<string, unknown>>;

const STDERR = 2;
/** Beyond this a value is cut: a line must not carry a whole hostile body, but may carry the queries of a crash. */
const VALUE_CHARACTERS_MAX = 32 << 10;

/**
 * Writes lines to standard error in the form of upstream's structured log: time, level, message, then the fields in the order given.
 * Each line is one write, so lines of several threads never mix.
 */
export class Logger {
  readonly #minimum: number;
  readonly #format: LogFormat;
  readonly #fields: Fields;
  readonly #write: (line: string) => void;

  constructor(level: Level, format: LogFormat, fields: Fields = {}, write: (line: string) => void = writeToStderr) {
    this.#minimum = levels.indexOf(level);
    this.#format = format;
    this.#fields = fields;
    this.#write = write;
  }

  /** A logger whose lines carry `fields` first. */
  with(fields: Fields): Logger {
    return new Logger(levels[this.#minimum]!, this.#format, {...this.#fields, ...fields}, this.#write);
  }

  debug(message: string, fields?: Fields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#log('error', message, fields);
  }

  #log(level: Level, message: string, fields: Fields = {}): void {
    if (levels.indexOf(level) < this.#minimum) return;
    const all = {time: new Date().toISOString(), level: level.toUpperCase(), msg: message, ...this.#fields, ...fields};
    this.#write(`${this.#format === 'json' ? JSON.stringify(all, jsonValue) : logfmt(all)}\n`);
  }
}

function logfmt(fields: Fields): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${key}=${quoteIfNeeded(textOf(value))}`);
  }
  return parts.join(' ');
}

function textOf(value: unknown): string {
  const text =
    value instanceof Error ? value.message : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}...` : text;
}

const jsonValue = (_key: string, value: unknown): unknown =>
  value instanceof Error || typeof value === 'string' ? textOf(value) : value;

const quoteIfNeeded = (text: string): string => (/^[^\s"=\p{C}]+$/u.test(text) ? text : JSON.stringify(text));

function writeToStderr(line: string): void {
  try {
    fs.writeSync(STDERR, line);
  } catch {
    // A closed or full standard error must not take the server down.
  }
}
