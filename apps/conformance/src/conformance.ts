import {type CaseFile, caseFiles} from './files.ts';
import {areaOfFile, type FileOutcome, runFile} from './runners.ts';

/** How many cases passed and failed. */
export interface Totals {
  passed: number;
  failed: number;
}

const LINE_MAX = 1200;
const SIDE_MAX = 500;

/** Runs all cases below `root` and writes a line for each one that fails. A file that no runner knows or can read counts as a failed case. */
export function runConformance(root: string, write: (line: string) => void): Totals {
  const totals = {passed: 0, failed: 0};
  for (const file of caseFiles(root, areaOfFile)) {
    const outcome = outcomeOf(file);
    if (typeof outcome === 'string') {
      if (outcome !== 'no cases' && outcome !== 'part of another') fail(file.shown, outcome);
      continue;
    }
    if (outcome.length === 0) fail(file.shown, 'no cases in it');
    for (const {name, failure} of outcome) {
      if (failure === undefined) totals.passed++;
      else fail(`${file.shown}:${name}`, `expected ${short(failure.expected)}, got ${short(failure.got)}`);
    }
  }
  return totals;

  function fail(name: string, reason: string): void {
    totals.failed++;
    write(oneLine(`FAILED ${name}: ${reason}`));
  }
}

function outcomeOf(file: CaseFile): FileOutcome | string {
  try {
    const outcome = runFile(file);
    return outcome === 'unknown' ? 'no runner knows this file' : outcome;
  } catch (error) {
    return `cannot be run: ${String(error)}`;
  }
}

function short(text: string): string {
  return text.length <= SIDE_MAX ? text : `${text.slice(0, SIDE_MAX)}... (${text.length} characters)`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\r\n]+/g, '\\n');
  return line.length <= LINE_MAX ? line : `${line.slice(0, LINE_MAX)}...`;
}
