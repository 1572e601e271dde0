/** A row of a vector or matrix; scalars and strings are one row without labels. */
export interface AnswerRow {
  /** The labels as JSON. */
  readonly metric: string;
  readonly points: readonly AnswerPoint[];
}

export type AnswerPoint = readonly [seconds: number, value: string];

/** What an engine said, in a form that can be compared to the last character. */
export interface Answer {
  /** `data` of the API's answer, or the error. */
  readonly text: string;
  readonly error: string | undefined;
  readonly type: string;
  /** In the order of the answer. */
  readonly rows: readonly AnswerRow[];
}

interface JsonRow {
  readonly metric: Record<string, string>;
  readonly value?: AnswerPoint;
  readonly values?: readonly AnswerPoint[];
}

interface JsonData {
  readonly resultType: string;
  readonly result: readonly JsonRow[] | AnswerPoint;
}

export const failed = (error: string): Answer => ({text: error, error, type: 'error', rows: []});

/** The answer whose `data` is `text`. */
export function answered(text: string): Answer {
  const {resultType, result} = JSON.parse(text) as JsonData;
  const rows =
    resultType === 'scalar' || resultType === 'string'
      ? [{metric: '{}', points: [result as AnswerPoint]}]
      : (result as readonly JsonRow[]).map(rowOf);
  return {text, error: undefined, type: resultType, rows};
}

const rowOf = ({metric, value, values}: JsonRow): AnswerRow => ({
  metric: JSON.stringify(metric),
  points: value === undefined ? values! : [value],
});

/** The value of a point; also for `+Inf` and `NaN`. */
export function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}
