import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Aggregation} from '../parse/ast.ts';
import type {SeriesSet} from '../storage.ts';
import {DROP_NAME, EMPTY_SET, type Projection} from './label-table.ts';
import type {LabelDemand} from './operator.ts';
import type {QueryContext} from './query-context.ts';

const METADATA: readonly string[] = [METRIC_NAME, '__type__', '__unit__'];
const LABEL_WORDS = 8192;

/** Label sets of the series of a select, reduced to what is asked for. */
export class SeriesLabels {
  readonly #context: QueryContext;
  readonly #set: SeriesSet;
  readonly #projection: Projection | undefined;
  readonly #flag: number;
  readonly #nameSymbol: number;
  readonly #typeSymbol: number;
  readonly #isNeeded: boolean;
  #view: Uint32Array | undefined;
  #memoryView: Uint32Array | undefined;

  constructor(context: QueryContext, set: SeriesSet, demand: LabelDemand, dropName: boolean) {
    this.#context = context;
    this.#set = set;
    const isDelayed = context.options.delayedNameRemoval;
    this.#flag = dropName && isDelayed ? DROP_NAME : 0;
    this.#projection = projectionFor(context, demand, dropName && !isDelayed);
    this.#isNeeded = !(demand.kind === 'by' && demand.names.length === 0);
    this.#nameSymbol = context.labels.find(METRIC_NAME);
    this.#typeSymbol = context.labels.find('__type__');
  }

  /** Label set of series `i`, with DROP_NAME where the name goes at the end. */
  of(i: number): number {
    if (!this.#isNeeded) return (EMPTY_SET | this.#flag) >>> 0;
    const count = this.#set.labels(i, this.#pairs());
    const id = this.#projection === undefined ? this.#context.labels.intern(count) : this.#projection.ofScratch(count);
    return (id | this.#flag) >>> 0;
  }

  /** Name and `__type__` of series `i`, '' where it has none. */
  nameAndType(i: number): {name: string; type: string} {
    const pairs = this.#pairs();
    const count = this.#set.labels(i, pairs);
    const result = {name: '', type: ''};
    for (let at = 0; at < count * 2; at += 2) {
      if (pairs[at] === this.#nameSymbol) result.name = this.#context.labels.text(pairs[at + 1]);
      if (pairs[at] === this.#typeSymbol) result.type = this.#context.labels.text(pairs[at + 1]);
    }
    return result;
  }

  #pairs(): Uint32Array {
    const {u32} = this.#context.heap.memory;
    if (this.#view === undefined || this.#memoryView !== u32) {
      const begin = this.#context.labels.scratch >>> 2;
      this.#view = u32.subarray(begin, begin + LABEL_WORDS);
      this.#memoryView = u32;
    }
    return this.#view;
  }
}

/** The projection that does what the demand and the drop of the name ask for; undefined when all labels stay. */
function projectionFor(context: QueryContext, demand: LabelDemand, dropName: boolean): Projection | undefined {
  const {labels} = context;
  switch (demand.kind) {
    case 'all':
      return dropName ? labels.withoutName : undefined;
    case 'by':
      return labels.projection(dropName ? demand.names.filter((name) => !METADATA.includes(name)) : demand.names, true);
    case 'without':
      return labels.projection(dropName ? [...demand.names, ...METADATA] : demand.names, false);
    default:
      return demand satisfies never;
  }
}

/** Whether all series that match have one metric name, and no type or unit besides: then they stay different without it. */
export function haveOneName(context: QueryContext, matchers: readonly Matcher[]): boolean {
  const {symbols} = context.querier;
  if (symbols.find('__type__') >= 0 || symbols.find('__unit__') >= 0) return false;
  return matchers.some(({type, name, value}) => type === '=' && name === METRIC_NAME && value !== '');
}

/** Whether the groups of an aggregation have neither type nor unit, so that dropping them with the name changes nothing. */
export function haveNoMetadata({querier}: QueryContext, {grouping, without}: Aggregation): boolean {
  if (!without) return !grouping.includes('__type__') && !grouping.includes('__unit__');
  return ['__type__', '__unit__'].every((name) => grouping.includes(name) || querier.symbols.find(name) < 0);
}
