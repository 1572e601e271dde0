/** The `errorType` of the HTTP API: clients switch on it, so a member is never renamed. */
export type QueryErrorKind = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'internal';

/** Why a query has no result; the message is what the API shows. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly kind: QueryErrorKind;

  constructor(kind: QueryErrorKind, message: string, options?: {cause?: unknown}) {
    super(message, options);
    this.kind = kind;
  }
}

/** An error of evaluation, as most are. */
export const executionError = (message: string, options?: {cause?: unknown}): QueryError =>
  new QueryError('execution', message, options);

/** Something of the language that this engine does not compute yet: refused by name, never answered wrongly. */
export const notSupported = (what: string): QueryError => executionError(`not supported yet: ${what}`);

export const SAME_LABELSET = 'vector cannot contain metrics with the same labelset';

/** Stop on a broken invariant: a bug in this program, never bad input. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${why}`);
}
