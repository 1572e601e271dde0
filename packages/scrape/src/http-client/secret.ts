import fs from 'node:fs';

/** A text of the configuration, or the file or the secret manager that has it. At most one of them is given. */
export interface SecretSource {
  readonly text: string;
  readonly file: string;
  readonly ref: string;
}

/** What is needed for a request cannot be had; the message says what. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/**
 * The secret as it is now: a file is read again each time, blanks around its text cut off. Undefined when there is no source. `what` names
 * the secret in errors: `unable to read basic auth password: unable to read file /x: ...`.
 */
export function readSecret({text, file, ref}: SecretSource, what: string): string | undefined {
  if (text !== '') return text;
  if (file !== '') return readFile(file, what);
  if (ref !== '') throw new SecretError(`unable to use ${what}: cannot use secret ref without manager`);
  return undefined;
}

function readFile(file: string, what: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const {code, message} = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : message;
    throw new SecretError(`unable to read ${what}: unable to read file ${file}: open ${file}: ${why}`, {cause});
  }
}

/** Where a secret comes from, for errors: never the secret itself. */
export function describeSecret({text, file, ref}: SecretSource): string {
  if (text !== '') return 'inline';
  return file === '' ? `ref ${ref}` : `file ${file}`;
}
