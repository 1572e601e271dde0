import {DurationError, parseDuration} from '@narthex/model/duration.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import type {NumberLiteral, SourceRange} from './ast.ts';
import {ParseError, type ParseIssue} from './errors.ts';
import {Lexer, type LexerMode} from './lexer.ts';
import {DEPTH_MAX, Nesting} from './nesting.ts';
import {readNumber} from './number.ts';
import {describeToken, type Token, type TokenType} from './token.ts';
import {unquote} from './unquote.ts';

/** Thrown where the next token fits nowhere; caught by the nearest rule that knows what it had expected. */
class Rejection extends Error {}
/** Thrown where nothing more can be made of the query. */
class Abort extends Error {}

// The two carry nothing, so one of each is enough.
const REJECTION = new Rejection();
const ABORT = new Abort();

/**
 * The tokens of a query, read ahead by at most one and only when asked for, and what was found wrong with them.
 *
 * Errors follow upstream's generated parser, since its texts are part of the product. A token that does not fit is
 * *rejected*: the nearest open rule that can recover reports it ("unexpected ... in label matching, expected string")
 * and parsing goes on with the same token. Until the next token is taken (`recovering`), tokens that do not fit either
 * are dropped silently. Where upstream's reader looks ahead matters too: it decides `lastClosing`.
 */
export class TokenStream {
  readonly text: string;
  readonly #lexer: Lexer;
  readonly #issues: ParseIssue[] = [];
  readonly #nesting = new Nesting();
  #ahead: Token | undefined;
  /** The token read last, looked at or taken. */
  #last: Token = {type: 'COMMENT', start: 0, end: 0, text: ''};
  #recovering = false;
  #lastClosing = 0;

  constructor(text: string, mode: LexerMode) {
    this.text = text;
    this.#lexer = new Lexer(text, mode);
  }

  /** Whether an error has been reported and no token taken since. */
  get recovering(): boolean {
    return this.#recovering;
  }

  /**
   * The end of the bracket, number or duration read last: the end of many a node, even when the token lies behind it.
   */
  get lastClosing(): number {
    return this.#lastClosing;
  }

  get lastRange(): SourceRange {
    return rangeOf(this.#last);
  }

  get hasIssues(): boolean {
    return this.#issues.length > 0;
  }

  peek(): TokenType {
    return this.peekToken().type;
  }

  peekToken(): Token {
    return (this.#ahead ??= this.#read());
  }

  #read(): Token {
    const {type} = this.#last;
    if (type === 'EOF' || type === 'ERROR') return {...this.#last, type: 'END'};
    const token = this.#nextButComments();
    this.#last = token;
    switch (token.type) {
      case 'ERROR':
        this.report(rangeOf(token), token.text);
        return {...token, type: 'END'};
      case ')':
      case ']':
      case '}':
      case 'NUMBER':
      case 'DURATION':
        this.#lastClosing = token.end;
    }
    return token;
  }

  #nextButComments(): Token {
    for (;;) {
      const token = this.#lexer.next();
      if (token.type !== 'COMMENT') return token;
    }
  }

  /** Takes the next token. */
  take(): Token {
    const token = this.peekToken();
    this.#ahead = undefined;
    this.#recovering = false;
    return token;
  }

  /** Takes the next token if it is a `type`. */
  accept(type: TokenType): boolean {
    if (this.peek() !== type) return false;
    this.take();
    return true;
  }

  /** Takes a `type`, whatever it takes. */
  expect(type: TokenType): Token {
    while (this.peek() !== type) this.reject();
    return this.take();
  }

  /** The next token does not fit. Returns when it was dropped: look at the one after it. */
  reject(): void {
    if (!this.#recovering) throw REJECTION;
    if (this.peek() === 'END') throw ABORT;
    this.#ahead = undefined;
  }

  /** The same where the rule at hand can recover by itself. Without a context nothing is reported. */
  stumble(context: string | undefined, expected: string): void {
    if (this.#recovering) this.reject();
    else this.#recover(context, expected);
  }

  /** Runs `parse`; where that rejects a token, reports it as unexpected in `context`, if any, and returns undefined. */
  guard<T>(parse: () => T, context: string | undefined, expected: string): T | undefined {
    const {depth} = this.#nesting;
    try {
      return parse();
    } catch (error) {
      if (error !== REJECTION) throw error;
      this.#nesting.depth = depth;
      this.#recover(context, expected);
      return undefined;
    }
  }

  #recover(context: string | undefined, expected: string): void {
    this.#recovering = true;
    if (context !== undefined) this.unexpected(context, expected);
  }

  /** Reports the token read last; once is enough for what the lexer has reported. */
  unexpected(context: string, expected: string): void {
    if (this.#last.type === 'ERROR') return;
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    this.report(this.lastRange, `unexpected ${describeToken(this.#last)}${where}${wanted}`);
  }

  report(range: SourceRange, message: string): void {
    this.#issues.push({range, message});
  }

  /** Reports and gives up. */
  fail(range: SourceRange, message: string): never {
    this.report(range, message);
    throw ABORT;
  }

  /** Runs `parse` one level further down. */
  nest<T>(parse: () => T): T {
    const outer = this.#nesting.descend();
    this.#checkDepth();
    const result = parse();
    this.#nesting.ascend(outer);
    return result;
  }

  /** Runs `parse`, which may call `wrap` for what it has parsed. */
  part<T>(parse: () => T): T {
    const outer = this.#nesting.beginPart();
    const result = parse();
    this.#nesting.endPart(outer);
    return result;
  }

  /** What this part has parsed so far becomes the left or only child of something. */
  wrap(): void {
    this.#nesting.height++;
    this.#checkDepth();
  }

  #checkDepth(): void {
    if (this.#nesting.isTooDeep) this.fail(this.lastRange, `expression is nested more than ${DEPTH_MAX} levels deep`);
  }

  /** Runs the rule for the whole text, reads the text to its end and throws `ParseError` if anything was reported. */
  parseWhole<T>(parse: () => T): T | undefined {
    let result: T | undefined;
    try {
      result = this.guard(parse, '', '');
      while (this.peek() !== 'EOF' && this.peek() !== 'END') this.stumble('', '');
    } catch (error) {
      if (error !== ABORT) throw error;
    }
    this.throwIssues();
    return result;
  }

  throwIssues(): void {
    if (this.#issues.length > 0) throw new ParseError(this.text, this.#issues);
  }

  /** What the string token just taken stands for. */
  unquote(token: Token): string {
    const text = unquote(token.text);
    if (text !== undefined) return text;
    this.report(this.lastRange, `error unquoting string ${quoteGo(token.text)}: invalid syntax`);
    return '';
  }

  /** The literal of the number or duration just taken. */
  literal(token: Token): NumberLiteral {
    const isDuration = token.type === 'DURATION';
    const value = isDuration ? this.#seconds(token) : this.#number(token);
    return {kind: 'number', type: 'scalar', value, isDuration, range: rangeOf(token)};
  }

  /** Takes a number or duration, whatever it takes; durations in seconds. */
  expectNumber(): number {
    while (this.peek() !== 'NUMBER' && this.peek() !== 'DURATION') this.reject();
    return this.literal(this.take()).value;
  }

  /** The same with an optional sign. */
  expectSignedNumber(): number {
    const sign = this.peek();
    if (sign === '+' || sign === '-') this.take();
    const value = this.expectNumber();
    return sign === '-' ? -value : value;
  }

  #number(token: Token): number {
    const {value, problem} = readNumber(token.text);
    if (problem !== undefined) this.report(rangeOf(token), problem);
    return value;
  }

  #seconds(token: Token): number {
    try {
      const ms = parseDuration(token.text);
      // As Go's Duration.Seconds adds them.
      return Math.floor(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
    } catch (error) {
      if (!(error instanceof DurationError)) throw error;
      this.report(rangeOf(token), error.message);
      return 0;
    }
  }
}

export function rangeOf(token: Token): SourceRange {
  return {start: token.start, end: token.end};
}

/** From the start of one to the end of the other. */
export function span(first: SourceRange, last: SourceRange): SourceRange {
  return {start: first.start, end: last.end};
}
