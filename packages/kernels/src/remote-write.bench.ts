import * as layout from '../layout/remote-write.ts';
import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';
import {decodeWriteRequest, encodeWriteRequest} from './remote-write.reference.ts';
import {bitsOf} from './testing.ts';

/** Time a series of a request with 2 000 known series of six labels and one sample each. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 25});
  const {kernels} = memory;
  const random = pseudoRandom(5);
  const count = Math.max(10, Math.round(2000 * scale));
  const body = encodeWriteRequest({
    series: Array.from({length: count}, (_, i) => ({
      labels: [
        ['__name__', 'http_request_duration_seconds_bucket'],
        ['handler', '/api/v1/query'],
        ['instance', `host-${i % 50}`],
        ['job', 'api'],
        ['le', String(i / 8)],
        ['method', 'get'],
      ],
      samples: [{time: 1_700_000_000_000n, bits: bitsOf(random())}],
      exemplars: 0,
      histograms: 0,
    })),
    metadata: 0,
  });
  const at = memory.alloc(body.length + 16);
  memory.u8.set(body, at);
  const known = 2 ** Math.ceil(Math.log2(count * 2));
  const table = memory.alloc(known * layout.KNOWN_BYTES);
  memory.u8.fill(0, table, table + known * layout.KNOWN_BYTES);
  const key = memory.alloc(layout.KEY_BYTES);
  const state = memory.alloc(layout.WRITE_STATE_BYTES);
  const field = (name: number): number => memory.u32[(state + name) / 4];
  const set = (name: number, value: number): void => void (memory.u32[(state + name) / 4] = value);
  set(layout.WRITE_SLOTS, memory.alloc(count * 4));
  set(layout.WRITE_TIMES, memory.alloc(count * 8));
  set(layout.WRITE_VALUES, memory.alloc(count * 8));
  set(layout.WRITE_CAPACITY, count);
  set(layout.WRITE_END, at + body.length);
  set(layout.WRITE_TABLE, table);
  set(layout.WRITE_MASK, known - 1);
  set(layout.WRITE_KEY, key);
  const walk = (): number => {
    set(layout.WRITE_POSITION, at);
    set(layout.WRITE_STAGED, 0);
    kernels.remoteWriteCheck(state);
    while (kernels.remoteWrite(state) === layout.WRITE_UNKNOWN) kernels.rememberSeries(state, 1);
    return field(layout.WRITE_STAGED);
  };
  walk();
  const rounds = Math.max(1, Math.round(50 * scale));
  measure('remote write, a series with a sample', count * rounds, Math.max(1, Math.round(5 * scale)), () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += walk();
    return sum;
  });
  measure('remote write, plain TypeScript', count, 2, () => decodeWriteRequest(body).series.length);
}

if (import.meta.main) run(1);
