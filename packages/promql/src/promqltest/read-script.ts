import {ParseError} from '../parse/errors.ts';
import {readEval} from './read-eval.ts';
import {readLoad} from './read-load.ts';
import {type ScriptCommand, ScriptError} from './script.ts';

/**
 * Reads a script of upstream's test language for PromQL (promql/promqltest/README.md there). A command that cannot be read stands in the list as a `bad`
 * one.
 */
export function readScript(text: string): ScriptCommand[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: ScriptCommand[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const begin = i;
    if (wordOf(lines[i]) !== 'clear') while (i + 1 < lines.length && lines[i + 1] !== '') i++;
    commands.push(readCommand(lines.slice(begin, i + 1), begin + 1));
  }
  return commands;
}

const wordOf = (line: string): string => line.split(/[\t ]/, 1)[0].toLowerCase();

function readCommand([head, ...rest]: readonly string[], line: number): ScriptCommand {
  const word = wordOf(head);
  const command = {line, text: head};
  try {
    if (word === 'clear') return {kind: 'clear', ...command};
    if (word.startsWith('load')) return {kind: 'load', ...command, ...readLoad(head, rest)};
    if (word.startsWith('eval')) return {kind: 'eval', ...command, ...readEval(head, rest)};
    throw new ScriptError(`invalid command "${head}"`);
  } catch (error) {
    if (error instanceof ScriptError || error instanceof ParseError) {
      return {kind: 'bad', ...command, problem: error.message};
    }
    throw error;
  }
}
