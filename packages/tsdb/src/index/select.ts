import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {NONE} from '../arena/table.ts';
import {VectorView, vectorCount} from '../arena/vector.ts';
import type {IndexReader} from './index-reader.ts';
import {isPlaceOfPair, type PostingsReader} from './postings.ts';
import {PostingsLists, SlotList} from './slot-lists.ts';
import {type Verdicts, VerdictCache} from './verdicts.ts';

// A matcher that does not match the empty text wants series in one of the lists of values that match; one that does wants
// series in none of the lists of values that don't match: so a label that is absent counts as empty, and nothing is ever
// evaluated over all series but where only matchers of the second kind are left.
//
// Which values match is known at once for texts and short sets of texts. For other expressions there are two ways: ask
// about all values of the name and take their lists, or ask about the labels of the series that the other matchers left.

/** Series of lists that are looked through in the time in which the label of one series is read. */
const LISTED_PER_READ = 128;

/** One matcher on its way: what is known of it before any series is looked at. */
interface Term {
  readonly matcher: Matcher;
  /** Symbol and number of the label name; NONE when no series has it. */
  readonly symbol: number;
  readonly name: number;
  /** Series with the name, counted before anything else was read. */
  readonly series: number;
  /** Lists of the values that match (or, for a matcher of the empty text, that don't); undefined while they are not known. */
  lists: PostingsLists | undefined;
}

/** Finds the series that matchers select; belongs to one reader's thread, used inside an epoch. */
export class Selector {
  readonly #index: IndexReader;
  readonly #memory: KernelMemory;
  readonly #verdicts: VerdictCache;
  readonly #pairs: VectorView;
  readonly #poll: () => void;

  /** `poll` is called once in a thousand values that an expression is asked about; it throws to give up. */
  constructor(index: IndexReader, memory: KernelMemory, poll: () => void = () => {}) {
    this.#index = index;
    this.#poll = poll;
    this.#memory = memory;
    this.#verdicts = new VerdictCache(index.postings, index.symbols);
    this.#pairs = new VectorView(index.arena);
  }

  /**
   * The slots of the series that match all `matchers`, rising; all series when there are none. They lie in the selector's
   * memory, which the caller releases. Throws MemoryLimitError when that is too small.
   */
  select(matchers: readonly Matcher[]): SlotList {
    const mark = this.#memory.mark();
    const terms = matchers.map((matcher) => this.#term(matcher));
    const horizon = this.#index.labelSets.slots;
    const all = this.#index.postings.allSlots();
    const allCount = vectorCount(this.#index.arena, all);
    const wanted: Term[] = [];
    const unwanted: Term[] = [];
    for (const term of terms) {
      const kind = this.#resolve(term, allCount);
      if (kind === 'nothing') return new SlotList(this.#index, this.#memory, horizon, 0).settle(mark);
      if (kind === 'wanted') wanted.push(term);
      if (kind === 'unwanted') unwanted.push(term);
    }
    const list = this.#start(wanted, all, allCount, horizon);
    for (const term of wanted) this.#narrow(list, term, true);
    for (const term of unwanted) this.#narrow(list, term, false);
    return list.settle(mark);
  }

  /** What `matcher` says of the values of its label; good for this epoch. */
  verdicts(matcher: Matcher): Verdicts {
    return this.#verdicts.of(matcher);
  }

  #term(matcher: Matcher): Term {
    const symbol = this.#index.symbols.find(matcher.name);
    const name = symbol === NONE ? NONE : this.#index.postings.nameOf(symbol);
    const series = name === NONE ? 0 : this.#index.postings.seriesWith(name);
    return {matcher, symbol, name, series, lists: undefined};
  }

  /** Whether the matcher takes everything, nothing, only series in its lists, or none of them; its lists when that is cheap to say. */
  #resolve(term: Term, allCount: number): 'everything' | 'nothing' | 'wanted' | 'unwanted' {
    const {matcher, name} = term;
    const isWanted = !matcher.matchesEmpty;
    if (name === NONE) return isWanted ? 'nothing' : 'everything';
    const span = spanOf(matcher);
    if (span === 'no value' && isWanted) return 'nothing';
    if (span === 'no value') term.lists = this.#listsOfAll(name);
    else if (span === 'every value' && !isWanted) return 'everything';
    else if (span === 'every value' && term.series === allCount) return 'everything';
    else if (span === 'every value') term.lists = this.#listsOfAll(name);
    else term.lists = this.#literalLists(term);
    if (isWanted && term.lists?.series === 0) return 'nothing';
    return isWanted ? 'wanted' : 'unwanted';
  }

  /** The lists of a matcher that names its values (`=`, `!=`, sets); undefined for other expressions. */
  #literalLists({matcher, symbol}: Term): PostingsLists | undefined {
    if (matcher.type === '=' || matcher.type === '!=') return this.#listsOf(symbol, [matcher.value]);
    // A negated set that matches the empty text leaves out the set; one that contains the empty text needs all other values.
    const {setMatches} = matcher;
    if (setMatches === undefined) return undefined;
    const isListed = matcher.type === '=~' ? !matcher.matchesEmpty : matcher.matchesEmpty;
    return isListed ? this.#listsOf(symbol, setMatches) : undefined;
  }

  #listsOf(name: number, texts: readonly string[]): PostingsLists {
    const {symbols, postings} = this.#index;
    const lists = new PostingsLists(this.#memory, texts.length);
    for (const text of new Set(texts)) {
      const value = symbols.find(text);
      const pair = value === NONE ? NONE : postings.find(name, value);
      if (pair !== NONE) addPair(lists, postings, pair);
    }
    return lists.fit();
  }

  #listsOfAll(name: number): PostingsLists {
    const {postings} = this.#index;
    const view = this.#pairs.read(postings.pairsOf(name));
    const lists = new PostingsLists(this.#memory, view.count);
    for (let i = 0; i < view.count; i++) {
      const pair = view.at(i);
      if (isPlaceOfPair(pair)) addPair(lists, postings, pair);
    }
    return lists.fit();
  }

  /** The list that the others narrow: of the wanted matcher with the fewest series, which is taken out of `wanted`. */
  #start(wanted: Term[], all: number, allCount: number, horizon: number): SlotList {
    wanted.sort((a, b) => cost(a) - cost(b));
    const first = wanted.shift();
    const lists = first === undefined ? new PostingsLists(this.#memory, 1) : this.#listsFor(first);
    if (first === undefined) lists.add(all, allCount);
    const list = new SlotList(this.#index, this.#memory, horizon, lists.series);
    if (lists.length > 0) list.fill(lists);
    return list;
  }

  #narrow(list: SlotList, term: Term, isWanted: boolean): void {
    if (list.count === 0) return;
    const values = term.lists?.length ?? this.#pairs.read(this.#index.postings.pairsOf(term.name)).count;
    const series = term.lists?.series ?? term.series;
    if (values > 1 && list.count < values + series / LISTED_PER_READ) this.#narrowBySeries(list, term);
    else list.filter(this.#listsFor(term), isWanted);
  }

  /** Ask about each series' own label. */
  #narrowBySeries(list: SlotList, {matcher, symbol}: Term): void {
    const {labelSets, postings} = this.#index;
    const verdicts = this.#verdicts.of(matcher);
    const directory = labelSets.directory();
    list.keepIf((slot) => {
      const value = labelSets.valueIn(directory, slot, symbol);
      if (value === NONE) return matcher.matchesEmpty;
      const pair = postings.find(symbol, value);
      // A series whose label is gone was removed meanwhile.
      return pair !== NONE && verdicts.of(pair, postings.ordinalOf(pair));
    });
  }

  /** The term's lists, those of an expression found by asking about each value of the name. */
  #listsFor(term: Term): PostingsLists {
    if (term.lists !== undefined) return term.lists;
    const {postings} = this.#index;
    const pairs = this.#pairs.read(postings.pairsOf(term.name));
    const lists = new PostingsLists(this.#memory, pairs.count);
    const add = (pair: number): void => addPair(lists, postings, pair);
    this.#verdicts.of(term.matcher).each(pairs, !term.matcher.matchesEmpty, add, this.#poll);
    return lists.fit();
  }
}

/** Whether a matcher says the same of all values that are not empty, as far as its text shows it. */
function spanOf({type, value}: Matcher): 'every value' | 'no value' | undefined {
  if (type === '=' && value === '') return 'no value';
  if (type === '!=' && value === '') return 'every value';
  if (type === '=~' && value === '') return 'no value';
  if (type === '!~' && value === '') return 'every value';
  if (type === '=~' && (value === '.*' || value === '.+')) return 'every value';
  if (type === '!~' && (value === '.*' || value === '.+')) return 'no value';
  return undefined;
}

/** Matchers whose lists are known come first, the fewest series ahead. */
function cost(term: Term): number {
  return term.lists?.series ?? 2 ** 32 + term.series;
}

function addPair(lists: PostingsLists, postings: PostingsReader, pair: number): void {
  const slots = postings.slotsOf(pair);
  const series = postings.seriesOf(pair);
  if (series > 0) lists.add(slots, series);
}
