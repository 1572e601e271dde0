import fs from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {runConformance} from './conformance.ts';

const BESIDE = fileURLToPath(new URL('../../../../shared/conformance/', import.meta.url));
const USAGE = 'usage: npm run conformance [-- --dir FOLDER]';

process.exitCode = main(process.argv.slice(2));

/** The exit code: 0 when there were cases and all passed. */
function main(args: readonly string[]): number {
  const root = folderOf(args);
  if (root === undefined) return 1;
  if (!fs.statSync(root, {throwIfNoEntry: false})?.isDirectory()) {
    console.error(`conformance: no folder ${root}; the cases are a folder of their own, named by --dir`);
    return 1;
  }
  const {passed, failed} = runConformance(root, (line) => console.log(line));
  if (passed + failed === 0)
    console.log(`no cases below ${root}: want promqltest/*.test, parser/*.json or exposition/`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function folderOf(args: readonly string[]): string | undefined {
  try {
    return parseArgs({args: [...args], options: {dir: {type: 'string'}}}).values.dir ?? BESIDE;
  } catch (error) {
    console.error(`conformance: ${(error as Error).message}\n${USAGE}`);
    return undefined;
  }
}
