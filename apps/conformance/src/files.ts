import fs from 'node:fs';
import path from 'node:path';

/** The folders whose files are cases; each has runners of its own. */
export const AREAS = ['promqltest', 'parser', 'exposition'] as const;
export type Area = (typeof AREAS)[number];

export interface CaseFile {
  /** The folder it lies in, however deep. */
  readonly area: Area;
  readonly path: string;
  /** The path below `root`, for people. */
  readonly shown: string;
}

/**
 * The files below `root` that lie in a folder of an area; `root` may be such a folder itself or anything above. The innermost of nested ones counts. Scripts and
 * lists directly in `root` need no such folder where `areaOfFile` knows them.
 */
export function* caseFiles(
  root: string,
  areaOfFile: (name: string) => Area | undefined = () => undefined,
): Generator<CaseFile> {
  yield* below(root, areaNamed(path.basename(path.resolve(root))), '');

  function* below(folder: string, area: Area | undefined, shown: string): Generator<CaseFile> {
    for (const name of fs.readdirSync(folder).sort()) {
      const at = path.join(folder, name);
      const shownAt = path.join(shown, name);
      if (fs.statSync(at).isDirectory()) yield* below(at, areaNamed(name) ?? area, shownAt);
      else {
        const found = area ?? (shown === '' ? areaOfFile(name) : undefined);
        if (found !== undefined) yield {area: found, path: at, shown: shownAt};
      }
    }
  }
}

function areaNamed(name: string): Area | undefined {
  return AREAS.find((area) => area === name);
}
