import type {ServerProcess} from '../../test/support/process.ts';
import {write, type WrittenSeries} from '../support/remote-write.ts';

interface Matrix {
  readonly result: readonly {metric: Record<string, string>; values: readonly (readonly [number, string])[]}[];
}

/** All samples of the last `seconds` before `endSeconds` that a server has. */
export async function readBack(server: ServerProcess, endSeconds: number, seconds: number): Promise<WrittenSeries[]> {
  const names = (await server.api('label/__name__/values')) as string[];
  const series: WrittenSeries[] = [];
  for (const name of names) {
    const query = `{__name__=${JSON.stringify(name)}}[${seconds}s]`;
    const {result} = (await server.api('query', {query, time: String(endSeconds)})) as Matrix;
    for (const {metric, values} of result) {
      const times = values.map(([time]) => Math.round(time * 1000));
      series.push({labels: metric, times, values: values.map(([, text]) => numberOf(text))});
    }
  }
  return series;
}

const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

/**
 * The same series moved by less than a second, with a last time of asking, in ms, such that neither it nor a whole second ever lies on a
 * sample: ranges are closed on the left in 2.42 and open since 3.0, and the difference shall not show.
 */
export function movedOffSeconds(series: readonly WrittenSeries[]): {series: WrittenSeries[]; endMs: number} {
  const taken = new Set(series.flatMap(({times}) => Array.from(times, (time) => time % 1000)));
  const free = Array.from({length: 1000}, (_, ms) => ms).filter((ms) => !taken.has(ms));
  if (free.length < 2) throw new Error('samples lie on every millisecond of the second');
  const [whole, asked] = [free[0]!, free[free.length >> 1]!];
  const last = series.reduce((most, {times}) => Math.max(most, times[times.length - 1]!), 0);
  const moved = series.map((each) => ({...each, times: Array.from(each.times, (time) => time - whole)}));
  return {series: moved, endMs: Math.floor(last / 1000) * 1000 + asked - whole};
}

const SAMPLES_MAX = 50_000;

/** Load `series` into a server, some ten thousand samples a request. */
export async function load(server: ServerProcess, series: readonly WrittenSeries[]): Promise<void> {
  let pending: WrittenSeries[] = [];
  let samples = 0;
  for (const each of series) {
    pending.push(each);
    samples += each.times.length;
    if (samples < SAMPLES_MAX) continue;
    await write(server.url, pending);
    pending = [];
    samples = 0;
  }
  if (pending.length) await write(server.url, pending);
}
