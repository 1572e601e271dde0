import {foldAscii, isExact, isSimple, sequencePredicate, withoutOuterAnchors, type Predicate} from './glob.ts';
import {parseShape, type Part, type Sequence, type Shape} from './shape.ts';

/** What is known of an expression without running it. */
export interface RegexPlan {
  /** Whether the expression matches, where that can be told without RE2. */
  readonly exact: Predicate | undefined;
  /** A cheap condition that every match fulfils, where one is worth asking. */
  readonly required: Predicate | undefined;
  readonly setMatches: readonly string[] | undefined;
  readonly prefix: string;
  /** Set when the expression is a literal, one group of anything, and a literal: their lengths. */
  readonly onlyGroup: {readonly before: number; readonly after: number} | undefined;
}

/** Beyond such a price RE2's automaton is faster than trying one sequence after the other. */
const PRICE_MAX = 8;
const GLOB_PRICE = 3;
/** So few texts are compared faster than looked up. */
const COMPARED_MAX = 8;

const UNKNOWN: RegexPlan = {
  exact: undefined,
  required: undefined,
  setMatches: undefined,
  prefix: '',
  onlyGroup: undefined,
};

/** Looks for a quicker way to match `pattern` than RE2. */
export function planRegex(pattern: string): RegexPlan {
  const parsed = parseShape(pattern);
  if (parsed === undefined) return UNKNOWN;
  const shape = parsed.map(withoutOuterAnchors);
  const predicate = shapePredicate(shape);
  const prefix = commonPrefix(shape.map(prefixOf));
  if (!shape.every(isExact)) return {...UNKNOWN, required: usefulCondition(shape, predicate), prefix};
  const onlyGroup = predicate === undefined ? undefined : findOnlyGroup(pattern);
  return {exact: predicate, required: undefined, setMatches: finiteSet(shape), prefix, onlyGroup};
}

const LITERAL = String.raw`((?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9])*)`;
const ONLY_GROUP = new RegExp(String.raw`^${LITERAL}\(\.[*+]\)${LITERAL}$`);

/** Most expressions of relabelling are such: `(.*)`, `__meta_(.+)`. */
function findOnlyGroup(pattern: string): RegexPlan['onlyGroup'] {
  const match = ONLY_GROUP.exec(pattern);
  if (match === null) return undefined;
  const [before, after] = match.slice(1).map((literal) => literal.replace(/\\(.)/gs, '$1').length);
  return {before, after};
}

/** A condition that only says that anything goes is not worth asking. */
function usefulCondition(shape: Shape, predicate: Predicate | undefined): Predicate | undefined {
  return shape.every((sequence) => sequence.some(({kind}) => kind === 'text')) ? predicate : undefined;
}

function shapePredicate(shape: Shape): Predicate | undefined {
  const plain = new Set<string>();
  const folded = new Set<string>();
  const globs: Sequence[] = [];
  for (const sequence of shape) {
    const only = onlyText(sequence);
    if (only === undefined) globs.push(sequence);
    else (only.fold ? folded : plain).add(only.text);
  }
  const price = globs.reduce((sum, glob) => sum + (isSimple(glob) ? 1 : GLOB_PRICE), 0);
  if (price > PRICE_MAX) return undefined;
  const tests = [setPredicate(plain), foldedPredicate(folded), ...globs.map(sequencePredicate)];
  return anyPredicate(tests.filter((test) => test !== undefined));
}

function onlyText(sequence: Sequence): {text: string; fold: boolean} | undefined {
  if (sequence.length === 0) return {text: '', fold: false};
  const [part] = sequence;
  return sequence.length === 1 && part.kind === 'text' ? part : undefined;
}

function setPredicate(texts: ReadonlySet<string>): Predicate | undefined {
  if (texts.size === 0) return undefined;
  const [...list] = texts;
  if (list.length === 1) return (text) => text === list[0];
  if (list.length <= COMPARED_MAX) return (text) => list.includes(text);
  // A lookup must hash the text first, a length of its own is cheaper.
  const lengths = new Uint8Array(Math.max(...list.map(({length}) => length)) + 1);
  for (const {length} of list) lengths[length] = 1;
  return (text) => text.length < lengths.length && lengths[text.length] === 1 && texts.has(text);
}

function foldedPredicate(texts: ReadonlySet<string>): Predicate | undefined {
  return texts.size === 0 ? undefined : (text) => texts.has(foldAscii(text));
}

function anyPredicate(tests: readonly Predicate[]): Predicate {
  if (tests.length === 1) return tests[0];
  if (tests.length === 2) {
    const [first, second] = tests;
    return (text) => first(text) || second(text);
  }
  return (text) => {
    for (const test of tests) if (test(text)) return true;
    return false;
  };
}

function finiteSet(shape: Shape): readonly string[] | undefined {
  const texts = new Set<string>();
  for (const sequence of shape) {
    const only = onlyText(sequence);
    if (only === undefined || only.fold) return undefined;
    texts.add(only.text);
  }
  return [...texts];
}

function prefixOf(sequence: Sequence): string {
  const first: Part | undefined = sequence[0];
  return first?.kind === 'text' && !first.fold ? first.text : '';
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? '';
  for (const text of texts) {
    let length = 0;
    while (length < prefix.length && prefix[length] === text[length]) length++;
    prefix = prefix.slice(0, length);
  }
  return prefix.isWellFormed() ? prefix : prefix.slice(0, -1);
}
