import fs from 'node:fs';
import path from 'node:path';

/** A pattern that is not one, such as `[a`. */
export class GlobError extends Error {
  override readonly name = 'GlobError';
}

const MAGIC = /[*?[\\]/;

/**
 * Paths that match `pattern`, sorted, as Go's filepath.Glob finds them: `*` and `?` stand for what is no slash, `[a-z]` and `[^a-z]` for one
 * character, a backslash for the character behind it; nothing else is special. Folders that can't be read match nothing. Throws GlobError.
 */
export function glob(pattern: string): string[] {
  if (!MAGIC.test(pattern)) return exists(pattern) ? [pattern] : [];
  const folder = path.dirname(pattern);
  const name = namePattern(path.basename(pattern));
  const folders = MAGIC.test(folder) ? glob(folder) : [folder];
  return folders.flatMap((each) => namesIn(each, name).map((entry) => path.join(each, entry)));
}

function exists(file: string): boolean {
  return fs.lstatSync(file, {throwIfNoEntry: false}) !== undefined;
}

function namesIn(folder: string, name: RegExp): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((entry) => name.test(entry))
      .sort();
  } catch {
    return [];
  }
}

const TOKEN = /\*|\?|\\(?<escaped>.)|\[(?<not>\^?)(?<set>(?:\\.|[^\]\\])+)\]|(?<plain>[^*?[\\])/suy;

/** A pattern of one name as a regular expression. */
function namePattern(pattern: string): RegExp {
  let source = '';
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < pattern.length) {
    const match = TOKEN.exec(pattern);
    if (!match) throw new GlobError(`syntax error in pattern ${JSON.stringify(pattern)}`);
    source += tokenSource(match, pattern);
  }
  return new RegExp(`^${source}$`, 'su');
}

function tokenSource(match: RegExpExecArray, pattern: string): string {
  const {escaped, not, set, plain} = match.groups!;
  if (match[0] === '*') return '.*';
  if (match[0] === '?') return '.';
  if (set === undefined) return quoted((escaped ?? plain)!);
  return `[${not}${setSource(set, pattern)}]`;
}

const RANGE = /(?:\\(?<lowEscaped>.)|(?<low>[^\\-]))(?:-(?:\\(?<highEscaped>.)|(?<high>[^\\-])))?/suy;

/** The inside of a set: characters and ranges. */
function setSource(set: string, pattern: string): string {
  let source = '';
  RANGE.lastIndex = 0;
  while (RANGE.lastIndex < set.length) {
    const groups = RANGE.exec(set)?.groups;
    if (!groups) throw new GlobError(`syntax error in pattern ${JSON.stringify(pattern)}`);
    const low = (groups['lowEscaped'] ?? groups['low'])!;
    const high = groups['highEscaped'] ?? groups['high'] ?? low;
    // Go takes a range that is upside down for one that matches nothing.
    if (low.codePointAt(0)! <= high.codePointAt(0)!) source += `${quoted(low)}-${quoted(high)}`;
  }
  return source;
}

/** One character, standing for itself in a regular expression. */
const quoted = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;
