import {parseDuration} from '@narthex/model/duration.ts';
import {parseMetric, parseSeriesDescription} from '../parse/series-description.ts';
import {type LoadCommand, type LoadSeries, ScriptError} from './script.ts';

/** Reads a `load` or `load_with_nhcb` command from its first line and the lines below. Throws ScriptError, ParseError. */
export function readLoad(
  head: string,
  lines: readonly string[],
): Pick<LoadCommand, 'stepMs' | 'series' | 'withCustomBuckets'> {
  const match = /^load(_with_nhcb)?\s+(.+)$/.exec(head);
  if (match === null) throw new ScriptError('invalid load command. (load[_with_nhcb] <step:duration>)');
  const [, suffix, step] = match;
  return {
    stepMs: readDuration(step, 'step definition'),
    series: readSeriesLines(lines),
    withCustomBuckets: suffix !== undefined,
  };
}

/** A duration of the script; `what` names it in the error. Throws ScriptError. */
export function readDuration(text: string, what: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ScriptError(`invalid ${what} "${text}": ${(error as Error).message}`, {cause: error});
  }
}

/** Series lines, each maybe with a line of start times before it. Of lines for the same series the last one counts. */
function readSeriesLines(lines: readonly string[]): LoadSeries[] {
  const byLabels = new Map<string, LoadSeries>();
  for (let i = 0; i < lines.length; i++) {
    const startLine = START_LINE.exec(lines[i]);
    if (startLine !== null && ++i === lines.length) throw new ScriptError('@st line has no following sample line');
    if (START_LINE.test(lines[i])) throw new ScriptError('@st line has no following sample line');
    const series = {
      ...parseSeriesDescription(lines[i]),
      starts: startLine === null ? undefined : readStarts(startLine[2]),
    };
    if (startLine !== null) checkStarts(startLine[1], series);
    byLabels.set(series.labels.toString(), series);
  }
  return [...byLabels.values()];
}

const START_LINE = /^(\S*)@st\s+(.*)$/;

function checkStarts(metric: string, {labels, values, starts}: LoadSeries): void {
  if (!parseMetric(metric).equals(labels)) {
    throw new ScriptError('@st metric does not match the following sample line metric');
  }
  if (starts!.length !== values.length) {
    throw new ScriptError(`@st line has ${starts!.length} values but sample line has ${values.length}`);
  }
}

function readStarts(text: string): (number | undefined)[] {
  return text.split(/\s+/).flatMap(readStart);
}

const DURATION = '([-+]?)([0-9]+[a-wyzA-Z]*)';
const START = new RegExp(`^${DURATION}(?:([-+])${DURATION})?(?:x([0-9]+))?$`);

/** An item of a line of start times: `_`, `_xN`, `D`, `DxN`, `D+DxN`, `D-DxN`. */
function readStart(item: string): (number | undefined)[] {
  const omitted = /^_(?:x([0-9]+))?$/.exec(item);
  if (omitted !== null) return Array.from({length: Number(omitted[1] ?? 1)}, () => undefined);
  const match = START.exec(item);
  if (match === null) throw new ScriptError(`invalid ST item "${item}"`);
  const [, sign, duration, op, stepSign, step, times] = match;
  if (op !== undefined && times === undefined) {
    throw new ScriptError(`invalid ST item "${item}": expected 'x<count>' after step duration`);
  }
  const first = signed(sign, duration);
  const change = op === undefined ? 0 : signed(op, step) * (stepSign === '-' ? -1 : 1);
  return Array.from({length: Number(times ?? 0) + 1}, (_, i) => first + i * change);
}

function signed(sign: string, duration: string): number {
  return (sign === '-' ? -1 : 1) * readDuration(duration, 'duration');
}
