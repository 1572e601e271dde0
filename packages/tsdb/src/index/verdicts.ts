import type {Matcher} from '@narthex/model/matcher.ts';
import type {VectorView} from '../arena/vector.ts';
import {isPlaceOfPair, type PostingsReader} from './postings.ts';
import type {SymbolReader} from './symbols.ts';

/** Values whose verdicts are kept, over all matchers: 2 bits each, so 4 MiB. */
const CACHED_VALUES_MAX = 16 << 20;
const CACHED_MATCHERS_MAX = 256;
/** Values between two polls: some 0.3 ms of regular expressions. */
const POLL_EVERY = 1024;

/**
 * What one matcher says of the values of its label name, each asked once: two bits a value, at the place that the value's
 * pair has among those of its name (values are only ever appended, until symbols are given away: `SymbolReader.generation`).
 */
export class Verdicts {
  readonly #matcher: Matcher;
  readonly #postings: PostingsReader;
  readonly #symbols: SymbolReader;
  readonly #prefix: Uint8Array;
  #known = new Uint32Array(2);
  #matched = new Uint32Array(2);

  constructor(matcher: Matcher, postings: PostingsReader, symbols: SymbolReader) {
    this.#matcher = matcher;
    this.#postings = postings;
    this.#symbols = symbols;
    this.#prefix = new TextEncoder().encode(matcher.type === '=~' || matcher.type === '!~' ? matcher.prefix : '');
  }

  /** Values for which there is room. */
  get capacity(): number {
    return this.#known.length * 32;
  }

  /** Whether the value of `pair`, which is number `ordinal` of its name, matches. */
  of(pair: number, ordinal: number): boolean {
    if (ordinal >= this.capacity) this.#grow(ordinal);
    const word = ordinal >>> 5;
    const bit = 1 << (ordinal & 31);
    if ((this.#known[word] & bit) !== 0) return (this.#matched[word] & bit) !== 0;
    const isMatch = this.#decide(this.#postings.valueOf(pair));
    this.#known[word] |= bit;
    if (isMatch) this.#matched[word] |= bit;
    return isMatch;
  }

  /** Calls `visit` with each pair of `pairs`, all those of the name, whose verdict is `wanted`; `poll` now and then. */
  each(pairs: VectorView, wanted: boolean, visit: (pair: number) => void, poll: () => void): void {
    for (let i = 0; i < pairs.count; i++) {
      if (i % POLL_EVERY === POLL_EVERY - 1) poll();
      const pair = pairs.at(i);
      if (isPlaceOfPair(pair) && this.of(pair, i) === wanted) visit(pair);
    }
  }

  /** An expression that begins with a fixed text need not see values that begin otherwise, nor decode them. */
  #decide(symbol: number): boolean {
    if (!this.#symbols.startsWith(symbol, this.#prefix)) return this.#matcher.type === '!~';
    return this.#matcher.matches(this.#symbols.decode(symbol));
  }

  #grow(ordinal: number): void {
    const words = Math.max(this.#known.length * 2, (ordinal >>> 5) + 1);
    const known = new Uint32Array(words);
    const matched = new Uint32Array(words);
    known.set(this.#known);
    matched.set(this.#matched);
    this.#known = known;
    this.#matched = matched;
  }
}

/** The verdicts of the matchers that a thread used last. */
export class VerdictCache {
  readonly #postings: PostingsReader;
  readonly #symbols: SymbolReader;
  /** By the matcher's text; the one used last is the last. */
  readonly #byText = new Map<string, Verdicts>();
  #generation = 0;

  constructor(postings: PostingsReader, symbols: SymbolReader) {
    this.#postings = postings;
    this.#symbols = symbols;
  }

  /** The verdicts of `matcher`; they are good for one epoch. */
  of(matcher: Matcher): Verdicts {
    if (this.#generation !== this.#symbols.generation) {
      this.#byText.clear();
      this.#generation = this.#symbols.generation;
    }
    const text = matcher.toString();
    const verdicts = this.#byText.get(text) ?? new Verdicts(matcher, this.#postings, this.#symbols);
    this.#byText.delete(text);
    this.#evict();
    this.#byText.set(text, verdicts);
    return verdicts;
  }

  #evict(): void {
    let values = 0;
    for (const verdicts of this.#byText.values()) values += verdicts.capacity;
    for (const [text, verdicts] of this.#byText) {
      if (this.#byText.size < CACHED_MATCHERS_MAX && values <= CACHED_VALUES_MAX) return;
      values -= verdicts.capacity;
      this.#byText.delete(text);
    }
  }
}
