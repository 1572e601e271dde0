/** A place in the log from which nothing more can be read. */
export class WalCorruption extends Error {
  override readonly name = 'WalCorruption';
  /** The path of the segment. */
  readonly file: string;
  /** Where the last good record of the segment ends: bytes from here on are of no use. */
  readonly offset: number;
  /** What is wrong there. */
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`corruption in segment ${file} at ${offset}: ${reason}`);
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}
