import {Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import type {HistogramLiteral} from './histogram-literal.ts';
import {addHistograms, HistogramSumError} from './histogram-sum.ts';
import type {SequenceValue} from './series-description.ts';
import {METRIC_NAME_TYPES, type HistogramHint, type HistogramKey, type TokenType} from './token.ts';
import {rangeOf, type TokenStream} from './token-stream.ts';

/** More is a mistake, and would fill the memory. */
export const SERIES_VALUES_MAX = 5_000_000;

const LABEL_SET = 'label set';
const SERIES_VALUES = 'series values';
const ITEM_STARTS: ReadonlySet<TokenType> = new Set<TokenType>([
  '_',
  'IDENTIFIER',
  'NUMBER',
  'DURATION',
  '+',
  '-',
  '{{',
] as const);

/** What a histogram literal says, by key. */
interface HistogramFields {
  readonly numbers: Map<HistogramKey, number>;
  readonly lists: Map<HistogramKey, readonly number[]>;
  hint: HistogramHint | undefined;
}

interface ParsedHistogram {
  readonly histogram: HistogramLiteral;
  readonly hintSet: boolean;
}

/** Reads metrics (`up{job="x"}`) and series descriptions, the language of `promtool test rules`. */
export class SeriesParser {
  readonly #tokens: TokenStream;

  constructor(tokens: TokenStream) {
    this.#tokens = tokens;
  }

  parseMetric(): Labels {
    const tokens = this.#tokens;
    const name = METRIC_NAME_TYPES.has(tokens.peek()) ? tokens.take().text : undefined;
    const pairs = new Map<string, string>();
    if (tokens.peek() === '{') this.#parseLabelSet(pairs);
    if (name !== undefined) pairs.set(METRIC_NAME, name);
    return tokens.hasIssues ? Labels.empty : Labels.of(pairs);
  }

  parseDescription(): {labels: Labels; values: SequenceValue[]} {
    return {labels: this.parseMetric(), values: this.#parseValues()};
  }

  #parseLabelSet(pairs: Map<string, string>): void {
    const tokens = this.#tokens;
    tokens.take();
    if (tokens.accept('}')) return;
    this.#parseLabel(pairs);
    while (!tokens.accept('}')) {
      if (!tokens.accept(',')) tokens.stumble(LABEL_SET, '"," or "}"');
      else if (tokens.peek() !== '}') this.#parseLabel(pairs);
    }
  }

  #parseLabel(pairs: Map<string, string>): void {
    const tokens = this.#tokens;
    const type = tokens.peek();
    if (type !== 'IDENTIFIER' && type !== 'STRING') return tokens.stumble(LABEL_SET, 'identifier or "}"');
    const label = tokens.take();
    const name = type === 'STRING' ? tokens.unquote(label) : label.text;
    if (!tokens.accept('=')) {
      if (type === 'IDENTIFIER') return tokens.stumble(LABEL_SET, '"="');
      pairs.set(METRIC_NAME, name);
      return;
    }
    if (tokens.peek() !== 'STRING') return tokens.stumble(LABEL_SET, 'string');
    pairs.set(name, tokens.unquote(tokens.take()));
  }

  #parseValues(): SequenceValue[] {
    const tokens = this.#tokens;
    const values: SequenceValue[] = [];
    const type = tokens.peek();
    if (type !== 'SPACE' && type !== 'EOF' && type !== 'END') tokens.stumble(SERIES_VALUES, '');
    while (tokens.peek() === 'SPACE') tokens.guard(() => this.#parseItem(values), SERIES_VALUES, '');
    return values;
  }

  #parseItem(values: SequenceValue[]): void {
    const tokens = this.#tokens;
    tokens.take();
    const type = tokens.peek();
    if (!ITEM_STARTS.has(type)) return;
    if (type === '{{') this.#parseHistograms(values);
    else if (type !== '_') this.#parseFloats(values);
    else {
      tokens.take();
      const count = tokens.accept('x') ? this.#parseRepetitions() : 1;
      this.#repeat(values, count, () => ({kind: 'omitted'}));
    }
  }

  #parseFloats(values: SequenceValue[]): void {
    const tokens = this.#tokens;
    const isStale = tokens.peek() === 'IDENTIFIER';
    let value = isStale ? this.#parseStale() : this.#tokens.expectSignedNumber();
    const isStepped = tokens.peek() === '+' || tokens.peek() === '-';
    const step = isStepped ? this.#tokens.expectSignedNumber() : undefined;
    if (step !== undefined) tokens.expect('x');
    // A repetition has one value more than it says: that at time 0.
    const count = step !== undefined || tokens.accept('x') ? this.#parseRepetitions() + 1 : 1;
    let first = isStale;
    this.#repeat(values, count, () => {
      const next: SequenceValue = first ? {kind: 'stale'} : {kind: 'float', value};
      first = isStale && step === undefined;
      if (step !== undefined) value += step;
      return next;
    });
  }

  #parseStale(): number {
    if (this.#tokens.take().text !== 'stale') this.#tokens.unexpected(SERIES_VALUES, 'number or "stale"');
    return NaN;
  }

  #parseRepetitions(): number {
    return Number(this.#parseUnsigned());
  }

  #parseUnsigned(): bigint {
    const token = this.#tokens.expect('NUMBER');
    const isValid = /^[0-9]+$/.test(token.text);
    const value = isValid ? BigInt(token.text) : 0n;
    if (isValid && value < 1n << 64n) return value;
    const reason = isValid ? 'value out of range' : 'invalid syntax';
    const problem = `strconv.ParseUint: parsing ${quoteGo(token.text)}: ${reason}`;
    this.#tokens.report(rangeOf(token), `invalid repetition in series values: ${problem}`);
    return 0n;
  }

  #parseInt32(): number {
    const negative = this.#tokens.accept('-');
    const value = this.#parseUnsigned();
    return Number(BigInt.asIntN(32, negative ? -value : value));
  }

  #repeat(values: SequenceValue[], count: number, make: () => SequenceValue): void {
    if (values.length + count > SERIES_VALUES_MAX) {
      this.#tokens.fail(this.#tokens.lastRange, `series description has more than ${SERIES_VALUES_MAX} values`);
    }
    for (let i = 0; i < count; i++) values.push(make());
  }

  #parseHistograms(values: SequenceValue[]): void {
    const tokens = this.#tokens;
    const base = this.#parseHistogram();
    const type = tokens.peek();
    if (type !== '+' && type !== '-') {
      const count = tokens.accept('x') ? this.#parseRepetitions() + 1 : 1;
      this.#repeat(values, count, () => ({kind: 'histogram', ...base}));
      return;
    }
    tokens.take();
    while (tokens.peek() !== '{{') tokens.reject();
    const increment = this.#parseHistogram();
    tokens.expect('x');
    const count = this.#parseRepetitions() + 1;
    this.#addSteps(values, base, increment, count, type === '+' ? 1 : -1);
  }

  #addSteps(values: SequenceValue[], base: ParsedHistogram, step: ParsedHistogram, count: number, sign: 1 | -1): void {
    let histogram: HistogramLiteral | undefined;
    const next = (): SequenceValue => {
      histogram = histogram === undefined ? base.histogram : addHistograms(histogram, step.histogram, sign);
      return {kind: 'histogram', histogram, hintSet: step.hintSet};
    };
    try {
      this.#repeat(values, count, next);
    } catch (error) {
      if (!(error instanceof HistogramSumError)) throw error;
      this.#tokens.report(this.#tokens.lastRange, error.message);
    }
  }

  #parseHistogram(): ParsedHistogram {
    const tokens = this.#tokens;
    const fields: HistogramFields = {numbers: new Map(), lists: new Map(), hint: undefined};
    tokens.take();
    if (tokens.accept('SPACE')) tokens.expect('}}');
    else if (!tokens.accept('}}')) this.#parseFields(fields);
    return {histogram: histogramOf(fields), hintSet: fields.hint !== undefined};
  }

  #parseFields(fields: HistogramFields): void {
    const tokens = this.#tokens;
    const [context, expected] = ['histogram description', 'histogram description key, e.g. buckets:[5 10 7]'];
    this.#parseField(fields);
    while (!tokens.accept('}}')) {
      if (tokens.peek() !== 'SPACE') tokens.stumble(context, expected);
      else tokens.guard(() => this.#parseNextField(fields), context, expected);
    }
  }

  #parseNextField(fields: HistogramFields): void {
    this.#tokens.take();
    if (this.#tokens.peek() !== '}}') this.#parseField(fields);
  }

  #parseField(fields: HistogramFields): void {
    const tokens = this.#tokens;
    while (!tokens.peek().startsWith('key:')) tokens.reject();
    const key = tokens.take().type.slice('key:'.length) as HistogramKey;
    tokens.expect(':');
    switch (key) {
      case 'counter_reset_hint':
        return this.#setField(key, fields.hint !== undefined, this.#parseHint(), (hint) => (fields.hint = hint));
      case 'buckets':
      case 'n_buckets':
      case 'custom_values':
        return this.#setField(key, fields.lists.has(key), this.#parseList(), (list) => fields.lists.set(key, list));
      default:
        return this.#setField(key, fields.numbers.has(key), this.#parseFieldNumber(key), (value) =>
          fields.numbers.set(key, value),
        );
    }
  }

  #setField<T>(key: HistogramKey, isSet: boolean, value: T, set: (value: T) => void): void {
    if (isSet) this.#tokens.report({start: 0, end: 0}, `duplicate key "${key}" in histogram`);
    else set(value);
  }

  #parseFieldNumber(key: HistogramKey): number {
    if (key === 'schema' || key === 'offset' || key === 'n_offset') return this.#parseInt32();
    return key === 'z_bucket_w' ? this.#tokens.expectNumber() : this.#tokens.expectSignedNumber();
  }

  #parseHint(): HistogramHint {
    const tokens = this.#tokens;
    while (!tokens.peek().startsWith('hint:')) tokens.reject();
    return tokens.take().type.slice('hint:'.length) as HistogramHint;
  }

  #parseList(): readonly number[] {
    const tokens = this.#tokens;
    tokens.expect('[');
    const list = [this.#tokens.expectSignedNumber()];
    while (!tokens.accept(']')) {
      if (tokens.peek() !== 'SPACE') tokens.stumble(undefined, '');
      else {
        tokens.guard(
          () => {
            tokens.take();
            if (tokens.peek() !== ']') list.push(this.#tokens.expectSignedNumber());
          },
          undefined,
          '',
        );
      }
    }
    return list;
  }
}

function histogramOf({numbers, lists, hint}: HistogramFields): HistogramLiteral {
  const number = (key: HistogramKey) => numbers.get(key) ?? 0;
  const side = (buckets: readonly number[], offset: number) =>
    buckets.length > 0 ? [{offset, length: buckets.length}] : [];
  const positiveBuckets = lists.get('buckets') ?? [];
  const negativeBuckets = lists.get('n_buckets') ?? [];
  return {
    schema: number('schema'),
    count: number('count'),
    sum: number('sum'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    positiveSpans: side(positiveBuckets, number('offset')),
    positiveBuckets,
    negativeSpans: side(negativeBuckets, number('n_offset')),
    negativeBuckets,
    customValues: lists.get('custom_values') ?? [],
    counterResetHint: hint ?? 'unknown',
  };
}
