import type {AtBorder, BinaryExpr, DurationExpr, Expr, MatrixSelector, Subquery, VectorSelector} from './ast.ts';

/** A node that the parser has not finished: modifiers come after it in the text. */
export type Draft<T> = {-readonly [K in keyof T]: T[K]};

/**
 * What parser and checker may change on a node. They are the only ones to change nodes, and nobody else sees one before
 * they are done.
 */
export function draft<T extends VectorSelector | MatrixSelector | Subquery | BinaryExpr>(node: T): Draft<T> {
  return node;
}

/** Where the modifiers of an expression are kept: on itself, or on the selector inside. */
export interface ModifierTarget {
  /** The node whose `offset` and `@` are set. */
  readonly modified: Draft<VectorSelector> | Draft<Subquery>;
  /** The node that reaches to the end of the modifier. */
  readonly outer: Draft<VectorSelector> | Draft<MatrixSelector> | Draft<Subquery>;
}

export interface OffsetValue {
  readonly offsetNs: number;
  readonly offsetExpr: DurationExpr | undefined;
}

export interface AtValue {
  readonly timestampMs: number | undefined;
  readonly atBorder: AtBorder | undefined;
}

/** Stands where nothing could be made of the text. An issue has been reported, so it never leaves the parser. */
export function brokenExpr(start: number, end: number): Expr {
  return {kind: 'string', type: 'none', value: '', range: {start, end}};
}
