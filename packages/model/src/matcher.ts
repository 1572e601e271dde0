import {isLegacyLabelName} from './labels.ts';
import {quoteGo} from './quote.ts';
import {AnchoredRegex, RegexError} from './regex.ts';

export type MatchType = '=' | '!=' | '=~' | '!~';

const INVERSE: Readonly<Record<MatchType, MatchType>> = {'=': '!=', '!=': '=', '=~': '!~', '!~': '=~'};

/** A matcher that cannot be; the message is upstream's. */
export class MatcherError extends Error {
  override readonly name = 'MatcherError';
}

/** A condition on the value of one label; a label that a series does not have has the value ''. Immutable. */
export class Matcher {
  readonly type: MatchType;
  /** Name of the label. */
  readonly name: string;
  /** The text or the regular expression to match. */
  readonly value: string;
  /** Of `=~` and `!~`: the finite list of texts that the expression matches, in no particular order, when there is one. */
  readonly setMatches: readonly string[] | undefined;
  /** Of `=~` and `!~`: a text that everything the expression matches starts with. */
  readonly prefix: string;
  /** Whether a series without the label matches. */
  readonly matchesEmpty: boolean;
  /** The regular expression of `=~` and `!~`. */
  readonly regex: AnchoredRegex | undefined;

  /** Throws `MatcherError` for a regular expression that RE2 refuses. */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    this.regex = type === '=~' || type === '!~' ? compile(value) : undefined;
    this.setMatches = this.regex?.setMatches;
    this.prefix = this.regex?.prefix ?? '';
    this.matchesEmpty = this.matches('');
  }

  matches(value: string): boolean {
    switch (this.type) {
      case '=':
        return value === this.value;
      case '!=':
        return value !== this.value;
      case '=~':
        return this.regex!.matches(value);
      case '!~':
        return !this.regex!.matches(value);
    }
  }

  /** The matcher that matches exactly what this one does not. */
  inverse(): Matcher {
    return new Matcher(INVERSE[this.type], this.name, this.value);
  }

  equals(other: Matcher): boolean {
    return this.type === other.type && this.name === other.name && this.value === other.value;
  }

  /** As upstream prints it: `job=~"a|b"`, the name in quotes where it is no legacy label name. */
  toString(): string {
    const name = isLegacyLabelName(this.name) ? this.name : quoteGo(this.name);
    return `${name}${this.type}${quoteGo(this.value)}`;
  }
}

function compile(pattern: string): AnchoredRegex {
  try {
    return AnchoredRegex.of(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new MatcherError(error.message, {cause: error});
  }
}
