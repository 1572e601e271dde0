import {type AnswerRow, numberOf} from './answer.ts';
import type {Blame} from './locate.ts';

/** A value that the two sides do not agree on. */
export interface ValuePair {
  readonly metric: string;
  readonly seconds: number;
  readonly old: string;
  readonly now: string;
}

/** The values that differ; undefined when there is more to it: errors, other labels, another order, other times. */
export function differingValues({old, now}: Blame): ValuePair[] | undefined {
  if (old.error !== undefined || now.error !== undefined || !sameShape(old.rows, now.rows)) return undefined;
  return now.rows.flatMap(({metric, points}, r) =>
    points.flatMap(([seconds, value], i) => {
      const before = old.rows[r]!.points[i]![1];
      return before === value ? [] : [{metric, seconds, old: before, now: value}];
    }),
  );
}

function sameShape(a: readonly AnswerRow[], b: readonly AnswerRow[]): boolean {
  const shape = (rows: readonly AnswerRow[]) =>
    JSON.stringify(rows.map(({metric, points}) => [metric, points.map(([seconds]) => seconds)]));
  return shape(a) === shape(b);
}

/** A sum of -0 and its compensation, which is 0. */
const isCompensatedZero = (old: string, now: string): boolean => old === '-0' && now === '0';

const RELATIVE = 1e-9;
/** Four units in the last place. */
const LAST_DIGITS = 2 ** -50;

/** Whether all differences are those of rounding: nine digits of the largest number that was worked with. */
export function differByRounding(blame: Blame): boolean {
  const pairs = differingValues(blame);
  if (pairs === undefined) return false;
  const inputs = blame.inputs.flatMap(({answer}) =>
    answer.rows.flatMap(({points}) => points.map((p) => numberOf(p[1]))),
  );
  const largest = inputs.filter(Number.isFinite).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return pairs.every(({old, now}) => isCompensatedZero(old, now) || isNear(numberOf(old), numberOf(now), largest));
}

/** Neither is for zeros that differ in their sign. */
const isNear = (a: number, b: number, scale: number): boolean =>
  a !== b &&
  Number.isFinite(a) &&
  Number.isFinite(b) &&
  Math.abs(a - b) <= RELATIVE * Math.max(scale, Math.abs(a), Math.abs(b));

/** Whether all differences are in the last digits of the values themselves. */
export function differInLastDigits(blame: Blame): boolean {
  const pairs = differingValues(blame);
  return pairs !== undefined && pairs.every(({old, now}) => isClose(numberOf(old), numberOf(now)));
}

const isClose = (a: number, b: number): boolean =>
  a !== b &&
  Number.isFinite(a) &&
  Number.isFinite(b) &&
  Math.abs(a - b) <= LAST_DIGITS * Math.max(Math.abs(a), Math.abs(b));
