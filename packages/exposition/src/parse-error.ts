/** The body is not what its format allows; the message is upstream's. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** Line of the body, from 1; always 1 where the format has no lines. */
  readonly line: number;
  /** The byte of the body at which reading stopped; only where the format has no lines. */
  readonly offset: number | undefined;

  constructor(message: string, line: number, offset?: number) {
    super(message);
    this.line = line;
    this.offset = offset;
  }
}
