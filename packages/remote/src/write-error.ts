/** A remote-write request that is refused, in whole or in part; `message` goes to the sender. 4xx tells it not to try again. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, {cause});
    this.status = status;
  }
}
