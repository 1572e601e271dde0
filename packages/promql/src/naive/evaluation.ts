import type {Labels} from '@narthex/model/labels.ts';
import type {MemoryStorage, StoredSeries} from '../memory-storage/memory-storage.ts';
import type {Expr, Subquery, VectorSelector} from '../parse/ast.ts';
import type {Annotations} from './annotations.ts';
import type {PreparedTree} from './prepare.ts';
import type {SampleReader} from './sample-reader.ts';
import type {RangeSeries, Sample, Series} from './values.ts';

export interface NaiveOptions {
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
  readonly delayedNameRemoval: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly useStartTimestamps: boolean;
  /** Where upstream has a hash map for the order of rows, they come in reverse of their first appearance: what then changes is not defined. */
  readonly reversesUnordered?: boolean | undefined;
}

/** A matrix and what there is to say about it. */
export interface Evaluated {
  readonly series: readonly Series[];
  readonly annotations: Annotations;
}

/** What an operator sees of one step. */
export interface StepInput {
  readonly timeMs: number;
  /** The samples that each part has at this step. */
  readonly vectors: readonly (readonly Sample[])[];
  /** Equal where two samples match each other. */
  readonly signatureOf: (labels: Labels) => string;
}

export type StepResult = readonly [samples: readonly Sample[], annotations?: Annotations | undefined];

/** The evaluation of one tree over some steps, as its functions and operators see it. */
export interface Evaluation {
  readonly storage: MemoryStorage;
  readonly tree: PreparedTree;
  readonly options: NaiveOptions;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Times of the steps. */
  readonly times: readonly number[];
  /** There is one step: upstream takes short cuts then. */
  readonly isInstant: boolean;
  evaluate(expr: Expr): Evaluated;
  /** The rows of a subquery as a range vector, as functions over ranges see it. */
  subquery(node: Subquery): {series: RangeSeries[]; annotations: Annotations};
  /** The stored series that a selector means. */
  matching(node: VectorSelector): StoredSeries[];
  readerOf(node: VectorSelector, stored: StoredSeries): SampleReader;
}

/** What a function of instant vectors and scalars works with. */
export interface InstantCall extends StepInput {
  readonly name: string;
  readonly options: NaiveOptions;
  readonly args: readonly Expr[];
}
