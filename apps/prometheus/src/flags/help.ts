import {flagTable, type Flag} from './flag-table.ts';

const WIDTH = 100;
const INDENT = 31;

/** The text of --help: each flag with its default and meaning. Hidden flags are accepted but not shown. */
export function helpText(): string {
  const shown = flagTable.filter((flag) => !flag.hidden);
  return [
    'usage: prometheus [<flags>]',
    '',
    'Narthex: the Prometheus monitoring server. Flags, configuration, APIs and data are those of Prometheus.',
    '',
    'Flags:',
    ...shown.flatMap(describe),
    '',
  ].join('\n');
}

function describe(flag: Flag): string[] {
  const left = `  ${flag.short ? `-${flag.short}, ` : '    '}${nameOf(flag)}`;
  const lines = wrap(helpOf(flag), WIDTH - INDENT).map((line) => ' '.repeat(INDENT) + line);
  return left.length < INDENT - 1
    ? [left.padEnd(INDENT) + (lines[0] ?? '').trim(), ...lines.slice(1)]
    : [left, ...lines];
}

function nameOf({name, type, default: fallback}: Flag): string {
  if (type === 'bool') return name === 'help' || name === 'version' ? `--${name}` : `--[no-]${name}`;
  return `--${name}=${fallback ? JSON.stringify(fallback) : `<${name.split('.').at(-1)}>`}`;
}

function helpOf(flag: Flag): string {
  const notes: string[] = [];
  if (flag.values) notes.push(`One of: ${flag.values.join(', ')}.`);
  if (flag.mode) notes.push(`Use with ${flag.mode} mode only.`);
  if (flag.effect === 'later') notes.push('Accepted; has no effect yet.');
  if (flag.effect === 'none') notes.push('Accepted; nothing to do in this runtime.');
  return [flag.help, ...notes].join(' ');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
