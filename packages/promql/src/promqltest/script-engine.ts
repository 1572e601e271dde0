import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Labels} from '@narthex/model/labels.ts';

export interface AnswerSample {
  readonly timeMs: number;
  /** Means nothing where there is a histogram. */
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
}

export interface AnswerRow {
  readonly labels: Labels;
  readonly samples: readonly AnswerSample[];
}

export type AnswerValue =
  | {readonly type: 'string'; readonly text: string}
  | {readonly type: 'scalar'; readonly sample: AnswerSample}
  | {readonly type: 'vector' | 'matrix'; readonly rows: readonly AnswerRow[]};

/** What a query gave, in the order of the answer; annotations with their positions, none left out. */
export interface Answer {
  readonly value: AnswerValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** A query that failed: the text of its error. */
export interface FailedAnswer {
  readonly error: string;
}

/** An engine over the storage that a script loads. What it throws is a mistake in it, never an expected failure. */
export interface ScriptEngine {
  instant(text: string, timeMs: number): Answer | FailedAnswer;
  range(text: string, startMs: number, endMs: number, stepMs: number): Answer | FailedAnswer;
}
