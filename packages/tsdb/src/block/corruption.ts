/** A place in a file of a block that cannot be as it should. */
export class FileCorruption extends Error {
  override readonly name = 'FileCorruption';
  /** The path of the file. */
  readonly file: string;
  /** Where it was found, in bytes from the start of the file. */
  readonly offset: number;
  /** What is wrong there. */
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`corruption in ${file} at ${offset}: ${reason}`);
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}
