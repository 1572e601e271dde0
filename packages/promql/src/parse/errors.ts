import type {SourceRange} from './ast.ts';
import {positionOf} from './position.ts';

/** One thing wrong with a query. */
export interface ParseIssue {
  readonly range: SourceRange;
  /** Upstream's text, without position. */
  readonly message: string;
}

/**
 * A query that cannot be used. Its message is upstream's: that of the first issue, as in `1:5: parse error: unexpected
 * end of input`.
 */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** The query, which the ranges refer to. */
  readonly text: string;
  /** All that was found, in upstream's order; at least one. */
  readonly issues: readonly ParseIssue[];

  constructor(text: string, issues: readonly ParseIssue[]) {
    super(formatIssue(text, issues[0]));
    this.text = text;
    this.issues = issues;
  }
}

/** An issue as upstream prints it; `lineOffset` is the number of lines above the query in its file. */
export function formatIssue(text: string, issue: ParseIssue, lineOffset = 0): string {
  return `${positionOf(text, issue.range.start, lineOffset)}: parse error: ${issue.message}`;
}
