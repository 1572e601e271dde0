import * as layout from '../layout/scrape-lines.ts';
import {measure, pseudoRandom} from './bench.ts';
import {putFloatPowers} from './float-powers.ts';
import {KernelMemory} from './kernel-memory.ts';

/** Time a line of a body of 2 000 series with lines of about 120 bytes, as it was expected. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 25});
  const random = pseudoRandom(5);
  const count = Math.max(10, Math.round(2000 * scale));
  const powers = putFloatPowers(memory);
  const prefixes = Array.from(
    {length: count},
    (_, i) =>
      `http_request_duration_seconds_bucket{handler="/api/v1/query",instance="host-${i % 50}",le="${i / 8}",method="get"} `,
  );
  const valueShapes: Record<string, () => string> = {
    integers: () => String(random() % 100_000),
    'fractions of 17 digits': () => String(random() / 2 ** 32),
  };
  const encoder = new TextEncoder();
  const text = encoder.encode(prefixes.join(''));
  const textAt = memory.alloc(text.length + 16);
  memory.u8.set(text, textAt);
  const table = memory.alloc(count * layout.LINE_BYTES);
  let offset = 0;
  for (const [i, prefix] of prefixes.entries()) {
    memory.u32.set([offset, prefix.length, i + 1, 0], table / 4 + 4 * i);
    offset += prefix.length;
  }
  const slots = memory.alloc(count * 4);
  const times = memory.alloc(count * 8);
  const values = memory.alloc(count * 8);
  const state = memory.alloc(layout.LINES_STATE_BYTES);
  for (const [name, value] of Object.entries(valueShapes)) {
    const text = prefixes.map((prefix) => `${prefix}${value()}\n`).join('');
    const body = encoder.encode(text);
    const at = memory.alloc(body.length + 16);
    memory.u8.set(body, at);
    const set = (field: number, word: number): void => void (memory.u32[(state + field) / 4] = word);
    set(layout.LINES_END, at + body.length);
    set(layout.LINES_TABLE, table);
    set(layout.LINES_EXPECTED, count);
    set(layout.LINES_TEXT, textAt);
    set(layout.LINES_GENERATION, 2);
    set(layout.LINES_TIMESTAMPS, layout.TIMESTAMPS_TAKE);
    set(layout.LINES_POWERS, powers);
    set(layout.LINES_SLOTS, slots);
    set(layout.LINES_TIMES, times);
    set(layout.LINES_VALUES, values);
    set(layout.LINES_CAPACITY, count);
    const rounds = Math.max(1, Math.round(200 * scale));
    measure(`scrape line, ${name}`, count * rounds, Math.max(1, Math.round(5 * scale)), () => {
      let reason = 0;
      for (let i = 0; i < rounds; i++) {
        set(layout.LINES_POSITION, at);
        set(layout.LINES_NEXT, 0);
        set(layout.LINES_STAGED, 0);
        reason += memory.kernels.scrapeLines(state);
      }
      return reason;
    });
    const known = new Map(prefixes.map((prefix, i) => [prefix, i]));
    measure(`scrape line, ${name}, plain TypeScript`, count, 3, () => {
      let sum = 0;
      for (const line of text.split('\n')) {
        const space = line.lastIndexOf(' ') + 1;
        sum += (known.get(line.slice(0, space)) ?? 0) + Number(line.slice(space));
      }
      return sum;
    });
  }
}

if (import.meta.main) run(1);
