import type {Sequence} from './shape.ts';

/** Tells whether a text matches. */
export type Predicate = (text: string) => boolean;

/** A literal, or `skip` characters of any kind. */
interface Piece {
  readonly text: string;
  /** Whether the literal is in lower case and matches ASCII letters of any case. */
  readonly fold: boolean;
  readonly skip: number;
}

/** Pieces that follow each other without a gap; a run after a gap begins with a literal. */
type Run = readonly Piece[];

interface Gap {
  /** Fewest characters between the runs around the gap. */
  readonly min: number;
  readonly after: Run;
}

interface Glob {
  /** What the text begins with, and the whole of it where there are no gaps. */
  readonly head: Run;
  /** The last gap's run is what the text ends with, maybe nothing. */
  readonly gaps: readonly Gap[];
}

const ASCII_UPPER = /[A-Z\u017f\u212a]/;
const ASCII_UPPER_ALL = /[A-Z\u017f\u212a]/g;

/**
 * Replaces every character that has an ASCII lower-case letter among its case forms by that letter: A to Z, the long s
 * and the Kelvin sign. Offsets stay as they are.
 */
export function foldAscii(text: string): string {
  return ASCII_UPPER.test(text) ? text.replace(ASCII_UPPER_ALL, foldChar) : text;
}

function foldChar(char: string): string {
  if (char === '\u017f') return 's';
  return char === '\u212a' ? 'k' : char.toLowerCase();
}

/** A test for one sequence; anchors inside and opaque parts are taken for gaps, so that it never refuses a match. */
export function sequencePredicate(sequence: Sequence): Predicate {
  const glob = toGlob(sequence);
  return simplePredicate(glob) ?? ((text) => matchesGlob(glob, text, usesFold(glob) ? foldAscii(text) : text));
}

/** Whether the test of a sequence is a single call. */
export function isSimple(sequence: Sequence): boolean {
  return simplePredicate(toGlob(sequence)) !== undefined;
}

/** Whether the anchors of `sequence` all stand where they say nothing, and nothing in it is opaque. */
export function isExact(sequence: Sequence): boolean {
  return withoutOuterAnchors(sequence).every(({kind}) => kind === 'text' || kind === 'one' || kind === 'any');
}

/** Removes `^` at the beginning and `$` at the end: the whole is anchored anyway. */
export function withoutOuterAnchors(sequence: Sequence): Sequence {
  let lo = 0;
  let hi = sequence.length;
  while (sequence[lo]?.kind === 'begin') lo++;
  while (hi > lo && sequence[hi - 1].kind === 'end') hi--;
  return lo === 0 && hi === sequence.length ? sequence : sequence.slice(lo, hi);
}

function toGlob(sequence: Sequence): Glob {
  const runs: Piece[][] = [[]];
  const mins: number[] = [];
  for (const part of withoutOuterAnchors(sequence)) {
    const run = runs.at(-1)!;
    if (part.kind === 'text') run.push({text: part.text, fold: part.fold && /[a-z]/.test(part.text), skip: 0});
    else if (part.kind === 'one') addSkip(runs, mins);
    else openGap(runs, mins, part.kind === 'any' ? part.min : 0);
  }
  const [head, ...rest] = runs;
  return {head, gaps: rest.map((after, i) => ({min: mins[i], after}))};
}

/** A single character of any kind: next to a gap it makes the gap wider. */
function addSkip(runs: Piece[][], mins: number[]): void {
  const run = runs.at(-1)!;
  if (run.length === 0 && mins.length > 0) mins[mins.length - 1]++;
  else run.push({text: '', fold: false, skip: 1});
}

function openGap(runs: Piece[][], mins: number[], min: number): void {
  const run = runs.at(-1)!;
  if (run.length === 0 && mins.length > 0) {
    mins[mins.length - 1] += min;
    return;
  }
  let wider = min;
  while (run.length > 0 && run.at(-1)!.skip > 0) wider += run.pop()!.skip;
  if (run.length === 0 && mins.length > 0) mins[mins.length - 1] += wider;
  else {
    runs.push([]);
    mins.push(wider);
  }
}

function usesFold({head, gaps}: Glob): boolean {
  return [head, ...gaps.map(({after}) => after)].some((run) => run.some((piece) => piece.fold));
}

/** The shapes that most matchers have, as single calls. */
function simplePredicate({head, gaps}: Glob): Predicate | undefined {
  const start = plainText(head);
  const end = plainText(gaps.at(-1)?.after ?? []);
  const middle = gaps.length === 2 ? plainText(gaps[0].after) : undefined;
  if (start === undefined || end === undefined) return undefined;
  if (gaps.length === 0) return (text) => text === start;
  if (gaps.length === 1 && start === '' && end === '') return anyOf(gaps[0].min);
  if (gaps.some(({min}) => min > 0)) return undefined;
  if (gaps.length === 1) {
    if (end === '') return (text) => text.startsWith(start);
    if (start === '') return (text) => text.endsWith(end);
    const lengthMin = start.length + end.length;
    return (text) => text.length >= lengthMin && text.startsWith(start) && text.endsWith(end);
  }
  return middle !== undefined && start === '' && end === '' ? (text) => text.includes(middle) : undefined;
}

function anyOf(min: number): Predicate | undefined {
  if (min === 0) return () => true;
  return min === 1 ? (text) => text !== '' : undefined;
}

/** The text of a run that is one literal or nothing. */
function plainText(run: Run): string | undefined {
  if (run.length === 0) return '';
  const [piece] = run;
  return run.length === 1 && piece.skip === 0 && !piece.fold ? piece.text : undefined;
}

function matchesGlob({head, gaps}: Glob, text: string, folded: string): boolean {
  let at = matchRun(head, text, folded, 0);
  if (at < 0 || gaps.length === 0) return at === text.length;
  const last = gaps[gaps.length - 1];
  const end = matchRunBackwards(last.after, text, folded);
  if (end < 0) return false;
  for (let i = 0; i < gaps.length - 1; i++) {
    at = skipCharacters(text, at, gaps[i].min);
    if (at < 0) return false;
    // The first place is the best one, since every gap may be as wide as it likes.
    at = findRun(gaps[i].after, text, folded, at);
    if (at < 0) return false;
  }
  at = skipCharacters(text, at, last.min);
  return at >= 0 && at <= end;
}

/** Offset after the run that begins at `at`, or -1. */
function matchRun(run: Run, text: string, folded: string, at: number): number {
  let offset = at;
  for (const piece of run) {
    if (piece.skip > 0) {
      offset = skipCharacters(text, offset, piece.skip);
      if (offset < 0) return -1;
    } else {
      if (!(piece.fold ? folded : text).startsWith(piece.text, offset)) return -1;
      offset += piece.text.length;
    }
  }
  return offset;
}

/** Offset where the run begins that ends the text, or -1. */
function matchRunBackwards(run: Run, text: string, folded: string): number {
  let offset = text.length;
  for (let i = run.length - 1; i >= 0; i--) {
    const piece = run[i];
    if (piece.skip > 0) {
      offset = skipCharactersBackwards(text, offset, piece.skip);
      if (offset < 0) return -1;
    } else {
      offset -= piece.text.length;
      if (offset < 0 || !(piece.fold ? folded : text).startsWith(piece.text, offset)) return -1;
    }
  }
  return offset;
}

/** Offset after the first place from `from` on where the run matches, or -1. */
function findRun(run: Run, text: string, folded: string, from: number): number {
  const [first] = run;
  const searched = first.fold ? folded : text;
  for (let at = searched.indexOf(first.text, from); at >= 0; at = searched.indexOf(first.text, at + 1)) {
    const end = matchRun(run, text, folded, at);
    if (end >= 0) return end;
  }
  return -1;
}

/** Offset after `count` characters (code points) from `at` on, or -1 where the text is too short. */
function skipCharacters(text: string, at: number, count: number): number {
  let offset = at;
  for (let i = 0; i < count; i++) {
    if (offset >= text.length) return -1;
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return offset;
}

function skipCharactersBackwards(text: string, at: number, count: number): number {
  let offset = at;
  for (let i = 0; i < count; i++) {
    if (offset <= 0) return -1;
    offset -= offset > 1 && text.codePointAt(offset - 2)! > 0xffff ? 2 : 1;
  }
  return offset;
}
