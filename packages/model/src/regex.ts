import {RE2JS, RE2JSException} from 're2js';
import {BoundedCache} from './bounded-cache.ts';
import {planRegex, type RegexPlan} from './regex/plan.ts';
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
 * Matching takes time linear in the text. Expressions made of literals, alternatives, `.`, `.*`, `.+` and small classes
 * are matched without RE2.
 */
export class AnchoredRegex {
  /** The expression as it was written. */
  readonly pattern: string;
  private readonly plan: RegexPlan;
  private compiled: RE2JS | undefined;

  /** Throws `RegexError` for an expression that RE2 refuses. Prefer `AnchoredRegex.of`, which remembers. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.plan = planRegex(pattern);
    this.compiled = this.plan.isValid ? undefined : compile(pattern);
  }

  /** The regular expression of `pattern`, compiled once for as long as it stays in a bounded cache. */
  static of(pattern: string): AnchoredRegex {
    const known = cache.get(pattern);
    if (known !== undefined) return known;
    const regex = new AnchoredRegex(pattern);
    if (pattern.length <= CACHE_PATTERN_LENGTH_MAX) cache.set(pattern, regex);
    return regex;
  }

  /** All texts that match, in no particular order, when they are finitely many and few enough to list. */
  get setMatches(): readonly string[] | undefined {
    return this.plan.setMatches;
  }

  /** A text that every match starts with, '' when none is known. */
  get prefix(): string {
    return this.plan.prefix;
  }

  matches(text: string): boolean {
    const {exact, required} = this.plan;
    if (exact !== undefined) return exact(text);
    if (required !== undefined && !required(text)) return false;
    return this.re2().testExact(text);
  }

  /**
   * `template` with `$1`, `${1}`, `${name}` and `$$` filled in from the groups of a match of the whole of `text`, by the
   * rules of Go's `Regexp.Expand`; undefined when `text` does not match.
   */
  expand(template: string, text: string): string | undefined {
    if (!template.includes('$')) return this.matches(text) ? template : undefined;
    const groups = this.groups(text);
    return groups && expandTemplate(template, groups, this.re2().namedGroups());
  }

  /** What the groups matched, the whole text first; undefined when `text` does not match. */
  groups(text: string): (string | undefined)[] | undefined {
    const {exact, required} = this.plan;
    if (exact?.(text) === false || required?.(text) === false) return undefined;
    if (this.pattern === '(.*)' || this.pattern === '(.+)') return [text, text];
    const matcher = this.re2().matcher(text);
    if (!matcher.matches()) return undefined;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined);
    return groups;
  }

  private re2(): RE2JS {
    this.compiled ??= compile(this.pattern);
    return this.compiled;
  }
}

/**
 * Throws `RegexError` unless RE2 takes `expression` as it stands; the message quotes it so. For places where upstream
 * wraps an expression before it compiles it, and shows that.
 */
export function checkRegex(expression: string): void {
  compile(expression);
}

function compile(pattern: string): RE2JS {
  if (!pattern.isWellFormed())
    throw new RegexError(`error parsing regexp: invalid UTF-8: \`${pattern.toWellFormed()}\``);
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // re2js puts the flags in front of the pattern, which shows where a message quotes the whole.
    const message = error.message.replace('`(?s)', '`');
    throw new RegexError(message.includes('`') ? message : `${message}: \`\``, {cause: error});
  }
}
