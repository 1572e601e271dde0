import {foldAscii, isExact, sequencePredicate, withoutOuterAnchors, type Predicate} from './glob.ts';
import {parseShape, type Part, type Sequence, type Shape} from './shape.ts';

/** What is known of an expression without running it. */
export interface RegexPlan {
  /** Whether the expression matches, where that can be told without RE2. */
  readonly exact: Predicate | undefined;
  /** A cheap condition that every match fulfils, where one is worth asking. */
  readonly required: Predicate | undefined;
  /** Whether the expression is known to be valid. */
  readonly isValid: boolean;
  readonly setMatches: readonly string[] | undefined;
  readonly prefix: string;
}

/** Beyond so many sequences with gaps RE2's automaton is faster than trying one after the other. */
const GLOBS_MAX = 16;

const UNKNOWN: RegexPlan = {
  exact: undefined,
  required: undefined,
  isValid: false,
  setMatches: undefined,
  prefix: '',
};

/** Looks for a quicker way to match `pattern` than RE2. */
export function planRegex(pattern: string): RegexPlan {
  const parsed = parseShape(pattern);
  if (parsed === undefined) return UNKNOWN;
  const shape = parsed.map(withoutOuterAnchors);
  const isValid = parsed.every((sequence) => sequence.every(({kind}) => kind !== 'opaque'));
  const predicate = shapePredicate(shape);
  const prefix = commonPrefix(shape.map(prefixOf));
  if (!shape.every(isExact)) return {...UNKNOWN, isValid, required: usefulCondition(shape, predicate), prefix};
  return {exact: predicate, required: undefined, isValid, setMatches: finiteSet(shape), prefix};
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
  if (globs.length > GLOBS_MAX) return undefined;
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
  if (texts.size > 1) return (text) => texts.has(text);
  const [only] = texts;
  return (text) => text === only;
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
