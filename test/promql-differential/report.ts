import {printExpr} from '@narthex/promql/parse/print.ts';
import type {Answer} from './answer.ts';
import type {Change} from './changes.ts';
import type {Verdict} from './compare-engines.ts';
import type {Blame} from './locate.ts';

/** What came of many questions. */
export interface Tally {
  questions: number;
  /** Answered with an error, or without rows, by 2.42. */
  errors: number;
  empty: number;
  same: number;
  /** Differing places that were recognised as known changes. */
  readonly excused: Map<Change, number>;
  readonly faults: Verdict[];
}

export const emptyTally = (): Tally => ({questions: 0, errors: 0, empty: 0, same: 0, excused: new Map(), faults: []});

export function count(tally: Tally, verdict: Verdict): void {
  const {old, excuses, faults} = verdict;
  tally.questions++;
  if (old.error !== undefined) tally.errors++;
  else if (old.rows.length === 0) tally.empty++;
  if (excuses.length === 0 && faults.length === 0) tally.same++;
  for (const change of excuses) tally.excused.set(change, (tally.excused.get(change) ?? 0) + 1);
  if (faults.length > 0) tally.faults.push(verdict);
}

/** The whole as lines of text. */
export function summary({questions, errors, empty, same, excused, faults}: Tally): string {
  const lines = [...excused]
    .sort((a, b) => b[1] - a[1])
    .map(([{name, since}, n]) => `${String(n).padStart(6)}  ${name} (${since})`);
  return [
    `${questions} expressions: ${same} answered alike (${errors} errors, ${empty} without rows in all), ${faults.length} faults`,
    'excused by known changes:',
    ...(lines.length > 0 ? lines : ['     0']),
  ].join('\n');
}

/** A fault with the smallest parts that differ. */
export function describeFault({question, faults}: Verdict): string {
  const {startMs, endMs, stepMs} = question.times;
  const when = stepMs === 0 ? `at ${startMs}` : `from ${startMs} to ${endMs} by ${stepMs}`;
  return [`${question.text}  ${when}`, ...faults.map(describe)].join('\n');
}

function describe({node, times, old, now}: Blame): string {
  const when = times.stepMs === 0 ? ` at ${times.startMs}` : '';
  return `  in ${printExpr(node)}${when}\n    2.42: ${rowsOnlyIn(old, now)}\n    here: ${rowsOnlyIn(now, old)}`;
}

const TEXT_MAX = 600;

/** The error, or the rows that the other has not; all rows when only their order differs. */
function rowsOnlyIn(answer: Answer, other: Answer): string {
  if (answer.error !== undefined) return answer.error;
  const theirs = new Set(other.rows.map((row) => JSON.stringify(row)));
  const rows = answer.rows.map((row) => JSON.stringify(row));
  const own = rows.filter((row) => !theirs.has(row));
  return (own.length > 0 || rows.length < theirs.size ? own : rows).join(' ').slice(0, TEXT_MAX);
}
