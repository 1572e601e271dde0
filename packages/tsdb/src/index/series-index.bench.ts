import {Arena} from '../arena/arena.ts';
import {SeriesIndex} from './series-index.ts';
import {clusterLabels, RawLabelsBuilder} from './synthetic-series.ts';

const BATCH = 1000;

/** The label sets `from` to `from + BATCH` as one buffer, so that making them is not what is measured. */
function prepare(from: number, bytes: Uint8Array, ranges: Uint32Array[]): void {
  const raw = new RawLabelsBuilder();
  let length = 0;
  for (let i = 0; i < BATCH; i++) {
    raw.set(clusterLabels(from + i));
    const end = raw.ranges[4 * raw.labelCount - 1];
    bytes.set(raw.bytes.subarray(0, end), length);
    for (let k = 0; k < 48; k++) ranges[i][k] = raw.ranges[k] + length;
    length += end;
  }
}

/** Adds scale × 1 million series of 12 labels to an index. */
export function run(scale: number): {
  series: number;
  microsecondsPerSeries: number;
  bytesPerSeries: number;
  findNs: number;
} {
  const series = Math.ceil((scale * 1_000_000) / BATCH) * BATCH;
  const arena = Arena.create({bytes: 64 * 1024 * 1024 + series * 1024});
  const index = new SeriesIndex(arena);
  const bytes = new Uint8Array(BATCH * 1024);
  const ranges = Array.from({length: BATCH}, () => new Uint32Array(48));
  let nanoseconds = 0;
  let findNanoseconds = 0;
  for (let from = 0; from < series; from += BATCH) {
    prepare(from, bytes, ranges);
    const start = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) {
      if (index.find(bytes, ranges[i], 12) < 0) index.add(from + i);
    }
    arena.epochs.reclaim(1000);
    nanoseconds += Number(process.hrtime.bigint() - start);
    const middle = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) if (index.find(bytes, ranges[i], 12) < 0) throw new Error('series is lost');
    findNanoseconds += Number(process.hrtime.bigint() - middle);
  }
  return {
    series,
    microsecondsPerSeries: nanoseconds / series / 1000,
    bytesPerSeries: arena.usedBytes / series,
    findNs: findNanoseconds / series,
  };
}

if (import.meta.main) console.log(run(Number(process.argv[2] ?? 1)));
