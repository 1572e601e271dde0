/** A media type such as `text/plain; version=0.0.4`, names in lower case. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The header is no media type; the message is that of Go's `mime.ParseMediaType`. */
export class MediaTypeError extends Error {
  override readonly name = 'MediaTypeError';
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PARAMETER = /\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\\r\n]|\\.)*)")/y;
const TRAILING = /^\s*;?\s*$/;

/** Reads a `Content-Type` as Go does; throws `MediaTypeError`. */
export function parseMediaType(header: string): MediaType {
  const semicolon = header.indexOf(';');
  const base = semicolon < 0 ? header : header.slice(0, semicolon);
  const type = base.trim().toLowerCase();
  checkType(type);
  return {type, parameters: parseParameters(header, base.length)};
}

function checkType(type: string): void {
  const [name, subtype, ...rest] = type.split('/');
  if (!TOKEN.test(name)) throw new MediaTypeError('mime: no media type');
  if (subtype === undefined) return;
  const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/.exec(subtype)![0];
  if (token === '') throw new MediaTypeError('mime: expected token after slash');
  if (token !== subtype || rest.length > 0) throw new MediaTypeError('mime: unexpected content after media subtype');
}

function parseParameters(header: string, from: number): Map<string, string> {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = from;
  let end = from;
  for (let found = PARAMETER.exec(header); found !== null; found = PARAMETER.exec(header)) {
    end = PARAMETER.lastIndex;
    const name = found[1].toLowerCase();
    const value = found[2] ?? found[3].replace(/\\(.)/g, '$1');
    const known = parameters.get(name);
    if (known !== undefined && known !== value) throw new MediaTypeError('mime: duplicate parameter name');
    parameters.set(name, value);
  }
  if (!TRAILING.test(header.slice(end))) throw new MediaTypeError('mime: invalid media parameter');
  return parameters;
}

/** One clause of an `Accept` header. */
export interface AcceptClause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The clauses of an `Accept` header, the most wanted first; clauses that are no media range are left out. */
export function parseAccept(header: string): AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of header.split(',')) {
    const clause = parseClause(part);
    if (clause !== undefined) clauses.push(clause);
  }
  return clauses.sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
}

function wildcards(clause: AcceptClause): number {
  return (clause.type === '*' ? 2 : 0) + (clause.subtype === '*' ? 1 : 0);
}

function parseClause(part: string): AcceptClause | undefined {
  const [range, ...rest] = part.split(';');
  const [type, subtype, ...more] = range.split('/').map((text) => text.trim());
  if (more.length > 0 || (subtype === undefined && type !== '*')) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [name, value, ...extra] = parameter.split('=').map((text) => text.trim());
    if (value !== undefined && value !== '' && extra.length === 0) parameters.set(name, value);
  }
  return {type, subtype: subtype ?? '*', quality: parseQuality(parameters.get('q')), parameters};
}

/** 1 without a quality, 0 with one that is no number. */
function parseQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  const quality = Number(text);
  return Number.isNaN(quality) ? 0 : quality;
}
