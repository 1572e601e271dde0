import type {Labels} from '@narthex/model/labels.ts';
import type {SequenceValue} from '../parse/series-description.ts';

/** A series line of a script: labels and the values one step after the other. */
export interface ScriptSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/** A series to load: value i gets the time i times the step. */
export interface LoadSeries extends ScriptSeries {
  /** Start of each value as an offset to its own time in ms, undefined where it has none; undefined without an `@st` line. */
  readonly starts: readonly (number | undefined)[] | undefined;
}

interface Command {
  /** The line it begins on, counted from 1. */
  readonly line: number;
  /** That line. */
  readonly text: string;
}

export interface ClearCommand extends Command {
  readonly kind: 'clear';
}

export interface LoadCommand extends Command {
  readonly kind: 'load';
  readonly stepMs: number;
  readonly series: readonly LoadSeries[];
  /** Also load classic histograms as native ones with custom buckets. */
  readonly withCustomBuckets: boolean;
}

/** What an error or annotation has to be: this text, or what this pattern is found in; neither: anything. */
export interface TextPattern {
  readonly message: string | undefined;
  readonly pattern: string | undefined;
  readonly matches: (text: string) => boolean;
}

/** What is expected of the annotations of one kind; undefined lists are not checked. */
export interface AnnotationPatterns {
  /** At least one is expected. */
  readonly some: boolean;
  readonly none: boolean;
  /** Each matches an annotation, and each annotation matches one; without any only `some` and `none` count. */
  readonly patterns: readonly TextPattern[];
}

export interface EvalCommand extends Command {
  readonly kind: 'eval';
  readonly expr: string;
  readonly isRange: boolean;
  /** The time of an instant query; steps of a range query, or times of the expected range vector of an instant query. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** The query has to fail, with an error that matches all of these. */
  readonly failure: readonly TextPattern[] | undefined;
  readonly warnings: AnnotationPatterns;
  readonly infos: AnnotationPatterns;
  readonly isOrdered: boolean;
  /** The instant query gives samples at `startMs` + i `stepMs`. */
  readonly isRangeVector: boolean;
  readonly string: string | undefined;
  readonly scalar: number | undefined;
  readonly series: readonly ScriptSeries[];
}

/** A command that cannot be read. */
export interface BadCommand extends Command {
  readonly kind: 'bad';
  readonly problem: string;
}

export type ScriptCommand = ClearCommand | LoadCommand | EvalCommand | BadCommand;

/** A script that says something that the language does not have. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}
