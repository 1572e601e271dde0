import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../../shared/conformance/exposition/', import.meta.url));

/** Why conformance tests are skipped, false when their data is there. */
export const skip: string | false = existsSync(FOLDER) ? false : `no conformance data in ${FOLDER}`;

/** Absolute path of a file of the conformance data. */
export function conformancePath(name: string): string {
  return FOLDER + name;
}

/** The cases of a list of the conformance data, none when it is missing. */
export function conformanceCases<T>(name: string): T[] {
  if (skip !== false) return [];
  return (JSON.parse(readFileSync(FOLDER + name, 'utf8')) as {cases: T[]}).cases;
}

/** A text of the lists: bytes that aren't UTF-8 come as base64. */
export function conformanceBytes(text: string | {base64: string}): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.base64, 'base64');
}
