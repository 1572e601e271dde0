import {quoteGo} from '@narthex/model/quote.ts';
import {Cursor, END_OF_TEXT, isAlpha, isAlphaNumeric, isDigit, isSpace} from './cursor.ts';
import {quoteRune, scanDurationRest, scanNumber, scanRawString, scanString} from './scan.ts';
import {HISTOGRAM_HINTS, HISTOGRAM_KEYS, KEYWORDS, type Keyword, type Token, type TokenType} from './token.ts';

/** `series`: the language of series descriptions in tests (`up{job="x"} 1+2x5 _ {{count:3}}`). */
export type LexerMode = 'expression' | 'series';

/**
 * Where in the text the lexer is. What a character means depends on it: words are keywords only outside braces, spaces
 * are tokens only between the values of a series. A number in brackets leads back to `statements`, so only the
 * beginning of a range is read as `duration`.
 */
type State =
  | 'statements'
  | 'braces'
  | 'duration'
  | 'values'
  | 'histogram'
  | 'buckets'
  | 'bucketNumber'
  | 'string'
  | 'done';

const SINGLE_OPERATORS: ReadonlyMap<number, TokenType> = new Map(
  [...',*/%+-^@'].map((char) => [char.charCodeAt(0), char as TokenType]),
);
const DURATION_OPERATORS: ReadonlyMap<number, TokenType> = new Map(
  [...'+-*/%^,'].map((char) => [char.charCodeAt(0), char as TokenType]),
);
const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);
/** The letters that these begin with. */
const DURATION_WORD_START = /[srm]/i;

const code = (char: string): number => char.charCodeAt(0);
const [DOUBLE_QUOTE, SINGLE_QUOTE, BACKQUOTE] = [code('"'), code("'"), code('`')];
const [EQUALS, TILDE, BANG, LESS, GREATER, HASH] = [...'=~!<>#'].map(code);
const [PAREN_OPEN, PAREN_CLOSE, BRACKET_OPEN, BRACKET_CLOSE, BRACE_OPEN, BRACE_CLOSE] = [...'()[]{}'].map(code);
const [COLON, DOT, PLUS, MINUS, UNDERSCORE, LETTER_X] = [...':.+-_x'].map(code);

/**
 * Cuts a query into tokens, one a call of `next`. After `EOF` there is only `EOF`, after most errors too; inside a
 * string or a histogram literal the lexer goes on behind an error, as upstream's does. The parser stops at the first.
 */
export class Lexer {
  readonly #cursor: Cursor;
  readonly #mode: LexerMode;
  #state: State = 'statements';
  #parensOpen = 0;
  #braceOpen = false;
  #bracketOpen = false;
  #gotColon = false;
  #gotDuration = false;
  #inHistogram = false;
  /** What opened the string that is being read. */
  #quote = 0;
  /** The operator after a histogram is read as the first thing of the next call. */
  #afterHistogram: '+' | '-' | 'x' | undefined;

  constructor(text: string, mode: LexerMode = 'expression') {
    this.#cursor = new Cursor(text);
    this.#mode = mode;
  }

  next(): Token {
    for (;;) {
      const token = this.#step();
      if (token !== undefined) return token;
    }
  }

  /** One step: a token, or nothing where something was skipped or only the state changed. */
  #step(): Token | undefined {
    switch (this.#state) {
      case 'statements':
        return this.#statement();
      case 'braces':
        return this.#insideBraces();
      case 'duration':
        return this.#insideBrackets();
      case 'values':
        return this.#valueSequence();
      case 'histogram':
        return this.#histogram();
      case 'buckets':
        return this.#buckets();
      case 'bucketNumber':
        return this.#number('statements');
      case 'string':
        return this.#restOfString();
      case 'done':
        return this.#emit('EOF');
      default:
        return this.#state satisfies never;
    }
  }

  #enter(state: State): undefined {
    this.#state = state;
    return undefined;
  }

  #emit(type: TokenType, state: State = this.#state): Token {
    const cursor = this.#cursor;
    const token = {type, start: cursor.start, end: cursor.pos, text: cursor.taken()};
    cursor.start = cursor.pos;
    this.#state = state;
    return token;
  }

  /** Errors reach to the end of the text, as upstream reports them. `state` is where another call goes on. */
  #error(message: string, state: State = 'done'): Token {
    this.#state = state;
    return {type: 'ERROR', start: this.#cursor.start, end: this.#cursor.text.length, text: message};
  }

  #skipSpaces(): undefined {
    const cursor = this.#cursor;
    while (isSpace(cursor.peek())) cursor.next();
    cursor.start = cursor.pos;
    return undefined;
  }

  #statement(): Token | undefined {
    if (this.#inHistogram) return this.#enter('histogram');
    if (this.#braceOpen) return this.#enter('braces');
    const cursor = this.#cursor;
    const rune = cursor.next();
    if (isAlpha(rune) || rune === COLON) return this.#bracketOpen ? this.#wordInBrackets(rune) : this.#word();
    if (isSpace(rune)) return this.#skipSpaces();
    const single = SINGLE_OPERATORS.get(rune);
    if (single !== undefined) return this.#emit(single);
    if (isDigit(rune) || (rune === DOT && isDigit(cursor.peek()))) return this.#numberOrDuration();
    return this.#comparison(rune) ?? this.#quoted(rune) ?? this.#bracket(rune) ?? this.#otherStatement(rune);
  }

  #otherStatement(rune: number): Token {
    if (rune === HASH) return this.#comment();
    if (rune !== END_OF_TEXT) return this.#error(`unexpected character: ${quoteRune(rune)}`);
    if (this.#parensOpen !== 0) return this.#error('unclosed left parenthesis');
    return this.#bracketOpen ? this.#error('unclosed left bracket') : this.#emit('EOF', 'done');
  }

  #comment(): Token {
    const cursor = this.#cursor;
    for (;;) {
      const rune = cursor.next();
      if (rune === END_OF_TEXT || rune === 0x0a || rune === 0x0d) break;
    }
    cursor.backup();
    return this.#emit('COMMENT', 'statements');
  }

  #comparison(rune: number): Token | undefined {
    const cursor = this.#cursor;
    if (rune === EQUALS) {
      if (cursor.accept('=')) return this.#emit('==');
      return cursor.peek() === TILDE ? this.#error("unexpected character after '=': '~'") : this.#emit('=');
    }
    if (rune === BANG) {
      const after = cursor.next();
      return after === EQUALS ? this.#emit('!=') : this.#error(`unexpected character after '!': ${quoteRune(after)}`);
    }
    if (rune === LESS) return this.#emit(cursor.accept('=') ? '<=' : cursor.accept('/') ? '</' : '<');
    if (rune === GREATER) return this.#emit(cursor.accept('=') ? '>=' : cursor.accept('/') ? '>/' : '>');
    return undefined;
  }

  #quoted(rune: number): Token | undefined {
    if (rune !== BACKQUOTE && rune !== DOUBLE_QUOTE && rune !== SINGLE_QUOTE) return undefined;
    this.#quote = rune;
    return this.#restOfString();
  }

  #restOfString(): Token {
    const scan = this.#quote === BACKQUOTE ? scanRawString : scanString;
    const problem = scan(this.#cursor, this.#quote);
    if (problem === undefined) return this.#emit('STRING', 'statements');
    return this.#error(problem, problem.startsWith('unterminated') ? 'done' : 'string');
  }

  #bracket(rune: number): Token | undefined {
    switch (rune) {
      case PAREN_OPEN:
      case PAREN_CLOSE:
        return this.#paren(rune);
      case BRACE_OPEN:
        this.#braceOpen = true;
        return this.#emit('{', 'braces');
      case BRACKET_OPEN:
        return this.#bracketOpen ? this.#error("unexpected left bracket '['") : this.#openBracket();
      case BRACKET_CLOSE:
        return this.#bracketOpen ? this.#closeBracket() : this.#error("unexpected right bracket ']'");
      default:
        return undefined;
    }
  }

  #paren(rune: number): Token {
    const token = this.#emit(rune === PAREN_OPEN ? '(' : ')');
    this.#parensOpen += rune === PAREN_OPEN ? 1 : -1;
    return this.#parensOpen < 0 ? this.#error("unexpected right parenthesis ')'") : token;
  }

  #openBracket(): Token {
    this.#gotColon = false;
    const token = this.#emit('[', 'duration');
    this.#skipSpaces();
    this.#bracketOpen = true;
    return token;
  }

  #closeBracket(): Token {
    this.#bracketOpen = false;
    return this.#emit(']', 'statements');
  }

  /** The beginning of a range in brackets, up to its first number. */
  #insideBrackets(): Token | undefined {
    const rune = this.#cursor.next();
    const operator = DURATION_OPERATORS.get(rune);
    if (operator !== undefined) return this.#emit(operator);
    if (isSpace(rune)) return this.#skipSpaces();
    if (rune === PAREN_OPEN || rune === PAREN_CLOSE) return this.#paren(rune);
    if (isDigit(rune) || (rune === DOT && isDigit(this.#cursor.peek()))) {
      this.#gotDuration = true;
      return this.#numberOrDuration();
    }
    if (rune === BRACKET_CLOSE) {
      this.#gotColon = false;
      return this.#closeBracket();
    }
    if (rune === COLON) return this.#firstColon();
    if (rune === END_OF_TEXT) return this.#error('unexpected end of input in duration expression');
    const word = startsDurationWord(rune) ? this.#durationWord('duration') : undefined;
    return word ?? this.#error(`unexpected character in duration expression: ${quoteRune(rune)}`);
  }

  #firstColon(): Token {
    const token = this.#emit(':');
    if (!this.#gotDuration) return this.#error('unexpected colon before duration in duration expression');
    if (this.#gotColon) return this.#error('unexpected repeated colon in duration expression');
    this.#gotColon = true;
    return token;
  }

  /** What letters and colons mean in brackets after the first number. */
  #wordInBrackets(rune: number): Token {
    if (rune === COLON) {
      if (this.#gotColon) return this.#error("unexpected colon ':'");
      this.#gotColon = true;
      return this.#emit(':');
    }
    const word = startsDurationWord(rune) ? this.#durationWord('statements') : undefined;
    return word ?? this.#error(`unexpected character: ${quoteRune(rune)}, expected ':'`);
  }

  #durationWord(state: State): Token | undefined {
    const cursor = this.#cursor;
    while (isAlpha(cursor.next()));
    cursor.backup();
    const word = cursor.taken().toLowerCase();
    return DURATION_WORDS.has(word) ? this.#emit(word as Keyword, state) : undefined;
  }

  #numberOrDuration(): Token {
    const cursor = this.#cursor;
    cursor.pos = cursor.start;
    if (scanNumber(cursor, this.#mode)) return this.#emit('NUMBER', 'statements');
    if (!scanDurationRest(cursor)) return this.#error(`bad number or duration syntax: ${quoteGo(cursor.taken())}`);
    cursor.backup();
    return this.#emit('DURATION', 'statements');
  }

  #number(state: State): Token {
    const cursor = this.#cursor;
    if (!scanNumber(cursor, this.#mode)) return this.#error(`bad number syntax: ${quoteGo(cursor.taken())}`);
    return this.#emit('NUMBER', state);
  }

  #word(): Token {
    const cursor = this.#cursor;
    for (;;) {
      const rune = cursor.next();
      if (!isAlphaNumeric(rune) && rune !== COLON) break;
    }
    cursor.backup();
    const state = this.#mode === 'series' && cursor.peek() !== BRACE_OPEN ? 'values' : 'statements';
    return this.#emit(this.#wordType(cursor.taken()), state);
  }

  #wordType(word: string): TokenType {
    const keyword = KEYWORDS.get(word) ?? KEYWORDS.get(word.toLowerCase());
    if (keyword === undefined) return word.includes(':') ? 'METRIC_IDENTIFIER' : 'IDENTIFIER';
    // The fill modifiers came late: queries may have metrics of these names, which no parenthesis follows.
    const isFill = keyword === 'fill' || keyword === 'fill_left' || keyword === 'fill_right';
    return isFill && !this.#parenFollows() ? 'IDENTIFIER' : keyword;
  }

  #parenFollows(): boolean {
    const {text, pos} = this.#cursor;
    let at = pos;
    while (isSpace(text.charCodeAt(at))) at++;
    return text.charCodeAt(at) === PAREN_OPEN;
  }

  /** Label conditions: every word is a name. */
  #insideBraces(): Token | undefined {
    const cursor = this.#cursor;
    const rune = cursor.next();
    if (isSpace(rune)) return this.#skipSpaces();
    if (isAlpha(rune)) {
      while (isAlphaNumeric(cursor.next()));
      cursor.backup();
      return this.#emit('IDENTIFIER');
    }
    switch (rune) {
      case code(','):
        return this.#emit(',');
      case EQUALS:
        return this.#emit(cursor.accept('~') ? '=~' : '=');
      case BANG:
        return this.#negatedMatch();
      case BRACE_CLOSE:
        this.#braceOpen = false;
        return this.#emit('}', this.#mode === 'series' ? 'values' : 'statements');
      case BRACE_OPEN:
        return this.#error("unexpected left brace '{'");
      case HASH:
        return this.#comment();
      case END_OF_TEXT:
        return this.#error('unexpected end of input inside braces');
      default:
        return this.#quoted(rune) ?? this.#error(`unexpected character inside braces: ${quoteRune(rune)}`);
    }
  }

  #negatedMatch(): Token {
    const rune = this.#cursor.next();
    if (rune === TILDE) return this.#emit('!~');
    if (rune === EQUALS) return this.#emit('!=');
    return this.#error(`unexpected character after '!' inside braces: ${quoteRune(rune)}`);
  }

  /** The values of a series description. */
  #valueSequence(): Token | undefined {
    const cursor = this.#cursor;
    const rune = cursor.next();
    if (isSpace(rune)) {
      const token = this.#emit('SPACE');
      this.#skipSpaces();
      return token;
    }
    if (rune === BRACE_OPEN && cursor.accept('{')) {
      this.#inHistogram = true;
      return this.#emit('{{', 'histogram');
    }
    if (rune === PLUS) return this.#emit('+');
    if (rune === MINUS) return this.#emit('-');
    if (rune === LETTER_X) return this.#emit('x');
    if (rune === UNDERSCORE) return this.#emit('_');
    if (isDigit(rune) || (rune === DOT && isDigit(cursor.peek()))) {
      cursor.backup();
      return this.#number('values');
    }
    if (isAlpha(rune)) return this.#word();
    if (rune === END_OF_TEXT) return this.#enter('statements');
    return this.#error(`unexpected character in series sequence: ${quoteRune(rune)}`);
  }

  #histogram(): Token | undefined {
    if (this.#afterHistogram !== undefined) return this.#histogramOperator(this.#afterHistogram);
    if (this.#bracketOpen) return this.#enter('buckets');
    const cursor = this.#cursor;
    const rune = cursor.next();
    if (isSpace(rune)) {
      const token = this.#emit('SPACE');
      this.#skipSpaces();
      return token;
    }
    if (isAlpha(rune)) return this.#histogramWord();
    if (rune === COLON) return this.#emit(':');
    if (rune === MINUS) return this.#emit('-');
    if (isDigit(rune)) {
      cursor.backup();
      return this.#number('statements');
    }
    if (rune === BRACKET_OPEN) {
      this.#bracketOpen = true;
      return this.#emit('[', 'buckets');
    }
    if (rune === BRACE_CLOSE && cursor.accept('}')) return this.#closeHistogram();
    return this.#error(`histogram description incomplete unexpected: ${quoteRune(rune)}`);
  }

  #closeHistogram(): Token {
    const after = this.#cursor.peek();
    const isOperator = after === PLUS || after === MINUS || after === LETTER_X;
    this.#afterHistogram = isOperator ? (String.fromCharCode(after) as '+' | '-' | 'x') : undefined;
    this.#inHistogram = isOperator;
    return this.#emit('}}', isOperator ? 'histogram' : 'values');
  }

  #histogramOperator(operator: '+' | '-' | 'x'): Token {
    this.#afterHistogram = undefined;
    this.#inHistogram = false;
    this.#cursor.next();
    return this.#emit(operator, 'values');
  }

  #histogramWord(): Token {
    const cursor = this.#cursor;
    while (isAlpha(cursor.next()));
    cursor.backup();
    const word = cursor.taken().toLowerCase();
    if (HISTOGRAM_KEYS.has(word)) {
      if (cursor.peek() !== COLON) return this.#error('missing `:` for histogram descriptor', 'histogram');
      return this.#emit(`key:${word}` as TokenType);
    }
    if (KEYWORDS.get(word) === 'NUMBER') return this.#emit('NUMBER');
    if (HISTOGRAM_HINTS.has(word)) return this.#emit(`hint:${word}` as TokenType);
    return this.#error(`bad histogram descriptor found: ${quoteGo(cursor.taken())}`, 'histogram');
  }

  /** Counts in brackets. Letters are gathered until they make `inf` or `nan`. */
  #buckets(): Token | undefined {
    const cursor = this.#cursor;
    const rune = cursor.next();
    if (isSpace(rune)) {
      const token = this.#emit('SPACE');
      this.#skipSpaces();
      return token;
    }
    if (isAlpha(rune)) {
      const isSpecial = KEYWORDS.get(cursor.taken().toLowerCase()) === 'NUMBER';
      return isSpecial ? this.#emit('NUMBER') : undefined;
    }
    if (isDigit(rune)) {
      cursor.backup();
      return this.#number('statements');
    }
    if (rune === BRACKET_CLOSE) {
      this.#bracketOpen = false;
      return this.#emit(']', 'histogram');
    }
    if (rune !== MINUS) return this.#error(`invalid character in buckets description: ${quoteRune(rune)}`);
    return this.#emit('-', 'bucketNumber');
  }
}

function startsDurationWord(rune: number): boolean {
  return rune > 0 && DURATION_WORD_START.test(String.fromCodePoint(rune));
}
