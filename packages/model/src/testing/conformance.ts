import {existsSync, readFileSync} from 'node:fs';

/** Upstream's cases as they lie beside the checkout. */
const FOLDER = new URL('../../../../../shared/conformance/', import.meta.url);

export interface ConformanceFile<T> {
  /** For `test`'s options: false, or the line to show where the material is missing. */
  readonly skip: false | string;
  read(): T;
}

/** A JSON file of the conformance material. */
export function readConformance<T>(path: string): ConformanceFile<T> {
  const url = new URL(path, FOLDER);
  return {
    skip: existsSync(url) ? false : `no conformance material: ${url.pathname}`,
    read: () => JSON.parse(readFileSync(url, 'utf8')) as T,
  };
}
