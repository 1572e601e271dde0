import {RE2JS, RE2JSException} from 're2js';
import {BoundedCache} from './bounded-cache.ts';
import {expandTemplate} from './template.ts';

/** A regular expression that RE2 refuses; the message is Go's: ``error parsing regexp: missing closing ): `(x` ``. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

const CACHE_ENTRIES = 1024;
const CACHE_PATTERN_LENGTH_MAX = 8192;
const cache = new BoundedCache<string, AnchoredRegex>(CACHE_ENTRIES);

/**
 * A regular expression in RE2 syntax that must match a whole text; `.` matches every character including the newline.
 * Matching takes time linear in the text.
 */
export class AnchoredRegex {
  /** The expression as it was written. */
  readonly pattern: string;
  private readonly compiled: RE2JS;

  /** Throws `RegexError` for an expression that RE2 refuses. Prefer `AnchoredRegex.of`, which remembers. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.compiled = compile(pattern);
  }

  /** The regular expression of `pattern`, compiled once for as long as it stays in a bounded cache. */
  static of(pattern: string): AnchoredRegex {
    const known = cache.get(pattern);
    if (known !== undefined) return known;
    const regex = new AnchoredRegex(pattern);
    if (pattern.length <= CACHE_PATTERN_LENGTH_MAX) cache.set(pattern, regex);
    return regex;
  }

  /** The finite list of texts that match, when there is one of at most 256 texts. */
  get setMatches(): readonly string[] | undefined {
    return undefined;
  }

  /** A text that every match starts with. */
  get prefix(): string {
    return '';
  }

  matches(text: string): boolean {
    return this.compiled.testExact(text);
  }

  /**
   * `template` with `$1`, `${1}`, `${name}` and `$$` filled in from the groups of a match of the whole of `text`, by the
   * rules of Go's `Regexp.Expand`; undefined when `text` does not match.
   */
  expand(template: string, text: string): string | undefined {
    const matcher = this.compiled.matcher(text);
    if (!matcher.matches()) return undefined;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined);
    return expandTemplate(template, groups, this.compiled.namedGroups());
  }
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // re2js puts the flags in front of the pattern, which shows where a message quotes the whole.
    const message = error.message.replace('`(?s)', '`');
    throw new RegexError(message.includes('`') ? message : `${message}: \`\``, {cause: error});
  }
}
