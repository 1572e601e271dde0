import {VectorView} from '../arena/vector.ts';
import type {IndexReader} from './index-reader.ts';
import {isPlaceOfPair} from './postings.ts';

/** A name of the status page with its figure. */
export interface Figure {
  readonly name: string;
  readonly value: number;
}

/** What `/api/v1/status/tsdb` says of labels: each list has the largest figures first. */
export interface Cardinality {
  readonly seriesByMetric: readonly Figure[];
  readonly valuesByLabel: readonly Figure[];
  /** Bytes that the label takes in all series as upstream keeps them: name and value with their lengths. */
  readonly bytesByLabel: readonly Figure[];
  /** `name=value`. */
  readonly seriesByPair: readonly Figure[];
  readonly pairCount: number;
}

/** The `limit` largest figures of many that are offered; their names are only made for those that stay. */
class Largest {
  readonly #limit: number;
  readonly #figures: Figure[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(value: number, name: () => string): void {
    if (this.#figures.length === this.#limit && value <= (this.#figures.at(-1)?.value ?? Infinity)) return;
    let at = this.#figures.length;
    while (at > 0 && this.#figures[at - 1].value < value) at--;
    this.#figures.splice(at, 0, {name: name(), value});
    if (this.#figures.length > this.#limit) this.#figures.pop();
  }

  get figures(): readonly Figure[] {
    return this.#figures;
  }
}

/** Upstream's labels_stringlabels.go: a length of one byte, or of four from 255 on. */
const encodedBytes = (length: number): number => length + (length < 255 ? 1 : 4);

/** The `limit` largest figures of each kind, for a reader inside an epoch; looks at every label pair once. */
export function cardinality(index: IndexReader, metricName: string, limit: number): Cardinality {
  const {postings, symbols} = index;
  const metric = symbols.find(metricName);
  const metrics = new Largest(limit);
  const values = new Largest(limit);
  const bytes = new Largest(limit);
  const pairs = new Largest(limit);
  const view = new VectorView(index.arena);
  for (let name = 0; name < postings.nameCount; name++) {
    const symbol = postings.symbolOf(name);
    let valueCount = 0;
    let byteCount = 0;
    view.read(postings.pairsOf(name));
    for (let i = 0; i < view.count; i++) {
      const pair = view.at(i);
      const series = isPlaceOfPair(pair) ? postings.seriesOf(pair) : 0;
      if (series === 0) continue;
      const value = postings.valueOf(pair);
      valueCount++;
      byteCount += series * (encodedBytes(symbols.length(symbol)) + encodedBytes(symbols.length(value)));
      if (symbol === metric) metrics.offer(series, () => symbols.text(value));
      pairs.offer(series, () => `${symbols.text(symbol)}=${symbols.text(value)}`);
    }
    if (valueCount === 0) continue;
    values.offer(valueCount, () => symbols.text(symbol));
    bytes.offer(byteCount, () => symbols.text(symbol));
  }
  return {
    seriesByMetric: metrics.figures,
    valuesByLabel: values.figures,
    bytesByLabel: bytes.figures,
    seriesByPair: pairs.figures,
    pairCount: postings.pairCount,
  };
}
