/** The body is not what its format allows; the message is upstream's. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** Line of the body, from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}
