import {MemoryStorage} from '../memory-storage/memory-storage.ts';
import type {Difference} from './compare.ts';
import {judge} from './judge.ts';
import {load} from './load.ts';
import {readScript} from './read-script.ts';
import {type LoadCommand, type ScriptCommand, ScriptError} from './script.ts';
import type {ScriptEngine} from './script-engine.ts';

/** How a command of a script went: each `eval`, and each other command that could not be carried out. */
export interface CommandResult {
  /** The line that it begins on, counted from 1. */
  readonly line: number;
  /** That line. */
  readonly text: string;
  /** Undefined: it passed. */
  readonly failure: CommandFailure | undefined;
}

export interface CommandFailure extends Difference {
  /** The check that failed, such as `as a range query, with @ 60000 at -600000`; '' for the query as it stands. */
  readonly check: string;
}

/**
 * Runs a script of upstream's test language for PromQL. `engineOf` makes an engine over a storage that is filled by the script; it is called at the beginning
 * and after each `clear`.
 */
export function runScript(text: string, engineOf: (storage: MemoryStorage) => ScriptEngine): CommandResult[] {
  let storage = new MemoryStorage();
  let engine = engineOf(storage);
  const results: CommandResult[] = [];
  for (const command of readScript(text)) {
    if (command.kind === 'clear') {
      storage = new MemoryStorage();
      engine = engineOf(storage);
    } else if (command.kind === 'eval') results.push(resultOf(command, judge(engine, command)));
    else {
      const problem = command.kind === 'bad' ? command.problem : loadProblem(storage, command);
      if (problem !== undefined) {
        results.push(resultOf(command, {check: '', expected: 'a command that can be carried out', got: problem}));
      }
    }
  }
  return results;
}

function resultOf({line, text}: ScriptCommand, failure: CommandFailure | undefined): CommandResult {
  return {line, text, failure};
}

function loadProblem(storage: MemoryStorage, command: LoadCommand): string | undefined {
  try {
    load(storage, command);
    return undefined;
  } catch (error) {
    if (error instanceof ScriptError) return error.message;
    throw error;
  }
}
