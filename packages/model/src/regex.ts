import {RE2JS, RE2JSException} from 're2js';
import {BoundedCache} from './bounded-cache.ts';
import {planRegex, type RegexPlan} from './regex/plan.ts';
import {expandTemplate} from './template.ts';

/** A regular expression that RE2 refuses; the message is Go's: ``error parsing regexp: missing closing ): `(x` ``. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

/** Expressions that do without RE2 are small; RE2's automata grow as they see texts. */
const PLAIN_CACHE_ENTRIES = 1024;
const RE2_CACHE_ENTRIES = 128;
const CACHE_PATTERN_LENGTH_MAX = 4096;
const AUTOMATON_BYTES_MAX = 1024 * 1024;

/** Go stops at some three million instructions, which are more than a gigabyte here. */
const RE2_PATTERN_LENGTH_MAX = 128 * 1024;
const RE2_PROGRAM_SIZE_MAX = 250_000;

const plainCache = new BoundedCache<string, AnchoredRegex>(PLAIN_CACHE_ENTRIES);
const re2Cache = new BoundedCache<string, AnchoredRegex>(RE2_CACHE_ENTRIES);

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
    // What may fail must fail here: later RE2 is only wanted for the groups of a short expression.
    const canWait = pattern.length <= CACHE_PATTERN_LENGTH_MAX || !mayHaveGroups(pattern);
    this.compiled = this.plan.exact !== undefined && canWait ? undefined : compile(pattern);
  }

  /** The regular expression of `pattern`, compiled once for as long as it stays in a bounded cache. */
  static of(pattern: string): AnchoredRegex {
    const known = plainCache.get(pattern) ?? re2Cache.get(pattern);
    if (known !== undefined) return known;
    const regex = new AnchoredRegex(pattern);
    if (pattern.length > CACHE_PATTERN_LENGTH_MAX) return regex;
    (regex.plan.exact === undefined ? re2Cache : plainCache).set(pattern, regex);
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
    if (groups === undefined) return undefined;
    return expandTemplate(template, groups, groups.length > 1 ? this.groupNames : {});
  }

  /** What the groups matched, the whole text first; undefined when `text` does not match. */
  groups(text: string): (string | undefined)[] | undefined {
    const {exact, required, onlyGroup} = this.plan;
    if (exact?.(text) === false || required?.(text) === false) return undefined;
    if (onlyGroup !== undefined) return [text, text.slice(onlyGroup.before, text.length - onlyGroup.after)];
    if (exact !== undefined && !mayHaveGroups(this.pattern)) return [text];
    const matcher = this.re2().matcher(text);
    if (!matcher.matches()) return undefined;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined);
    return groups;
  }

  private get groupNames(): Readonly<Record<string, number>> {
    return this.plan.onlyGroup === undefined ? this.re2().namedGroups() : {};
  }

  private re2(): RE2JS {
    this.compiled ??= compile(this.pattern);
    return this.compiled;
  }
}

function mayHaveGroups(pattern: string): boolean {
  return pattern.includes('(');
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
  if (pattern.length > RE2_PATTERN_LENGTH_MAX) throw tooLarge();
  const compiled = parse(pattern);
  if (compiled.programSize() > RE2_PROGRAM_SIZE_MAX) throw tooLarge();
  const {dfa} = compiled.re2();
  dfa.stateBudget = AUTOMATON_BYTES_MAX;
  dfa.memBudget = AUTOMATON_BYTES_MAX;
  return compiled;
}

function tooLarge(): RegexError {
  return new RegexError('error parsing regexp: expression too large');
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // re2js puts the flags in front of the pattern, which shows where a message quotes the whole.
    const message = error.message.replace('`(?s)', '`');
    throw new RegexError(message.includes('`') ? message : `${message}: \`\``, {cause: error});
  }
}
