// Histogram chunks by the plain rules of upstream's docs/format/chunks.md: strings of bits, big integers and maps. Slow and obvious, for tests.
import {type CounterReset, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  isIntegerRecord,
  markIntegerRecord,
  readRecord,
  recordBytes,
  writeRecord,
} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {HistogramChunkDecoder} from './histogram-decoder.ts';

/** A sample as tests write it; maps go from bucket index to count. */
export interface PlainSample {
  readonly time: number;
  readonly start: number;
  readonly hint: CounterReset;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  /** NaN stands for the end of the series. */
  readonly sum: number;
  readonly positive: ReadonlyMap<number, number>;
  readonly negative: ReadonlyMap<number, number>;
  readonly bounds: readonly number[];
}

const STALE = 0x7ff0000000000002n;
const VARBIT_SIZES = [3, 6, 9, 12, 18, 25, 56];
const HEADERS = ['00', '10', '01', '11'];

const binary = (value: bigint, bits: number): string => BigInt.asUintN(bits, value).toString(2).padStart(bits, '0');

function varbit(value: bigint, fits: (value: bigint, bits: number) => boolean): string {
  if (value === 0n) return '0';
  const i = VARBIT_SIZES.findIndex((bits) => fits(value, bits));
  return i < 0 ? `11111111${binary(value, 64)}` : `${'1'.repeat(i + 1)}0${binary(value, VARBIT_SIZES[i])}`;
}

const signed = (value: bigint | number): string =>
  varbit(BigInt(value), (v, bits) => v > -(1n << BigInt(bits - 1)) && v <= 1n << BigInt(bits - 1));
const unsigned = (value: bigint | number): string => varbit(BigInt(value), (v, bits) => v < 1n << BigInt(bits));

function floatBits(value: number): bigint {
  if (Number.isNaN(value)) return STALE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function varint(value: number): string {
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  let bits = '';
  for (; rest >= 128n; rest >>= 7n) bits += binary((rest & 127n) | 128n, 8);
  return bits + binary(rest, 8);
}

function zeroThreshold(value: number): string {
  const exponent = Math.log2(value);
  if (value === 0) return binary(0n, 8);
  return Number.isInteger(exponent) && exponent >= -243 && exponent <= 10
    ? binary(BigInt(exponent + 244), 8)
    : binary(255n, 8) + binary(floatBits(value), 64);
}

function spans(indexes: readonly number[]): string {
  const list: {offset: number; length: number}[] = [];
  for (const [i, index] of indexes.entries()) {
    const offset = i === 0 ? index : index - indexes[i - 1] - 1;
    if (i > 0 && offset === 0) list.at(-1)!.length++;
    else if (offset < 2 ** 31) list.push({offset, length: 1});
    else list.push({offset: 2 ** 31 - 1, length: 0}, {offset: offset - (2 ** 31 - 1), length: 1});
  }
  return unsigned(list.length) + list.map(({offset, length}) => unsigned(length) + signed(offset)).join('');
}

function bound(value: number): string {
  const scaled = value * 1000;
  return scaled >= 0 && scaled <= 33_554_430 && Math.round(scaled) / 1000 === value
    ? unsigned(Math.round(scaled) + 1)
    : `0${binary(floatBits(value), 64)}`;
}

/** Float values one after the other, each by what differs from the one before. */
class XorColumn {
  last: bigint | undefined;
  window: {leading: number; trailing: number} | undefined;

  write(value: number): string {
    const bits = floatBits(value);
    const changed = this.last === undefined ? undefined : bits ^ this.last;
    this.last = bits;
    if (changed === undefined) return binary(bits, 64);
    if (changed === 0n) return '0';
    const text = binary(changed, 64);
    const leading = Math.min(31, text.indexOf('1'));
    const trailing = 63 - text.lastIndexOf('1');
    const old = this.window;
    if (old !== undefined && leading >= old.leading && trailing >= old.trailing)
      return `10${text.slice(old.leading, 64 - old.trailing)}`;
    this.window = {leading, trailing};
    return `11${binary(BigInt(leading), 5)}${binary(BigInt(64 - leading - trailing), 6)}${text.slice(leading, 64 - trailing)}`;
  }
}

/** Whole numbers one after the other, each by how its change differs from the change before. */
class DeltaColumn {
  last: number | undefined;
  delta = 0;

  write(value: number, first: (value: number) => string = signed): string {
    const {last} = this;
    this.last = value;
    if (last === undefined) return first(value);
    const change = value - last - this.delta;
    this.delta = value - last;
    return signed(change);
  }
}

/** The starts of samples: nothing until the first change or the sample 127. */
class StartColumn {
  #from = 0;
  #known = '0';
  readonly #diffs = new DeltaColumn();

  write(samples: readonly PlainSample[], i: number): string {
    const {start, time} = samples[i];
    if (i === 0) {
      this.#known = start === 0 ? '0' : '1';
      return start === 0 ? '' : varint(time - start);
    }
    if (this.#from === 0 && start === samples[i - 1].start && i !== 127) return '';
    if (this.#from === 0) this.#from = i;
    const diff = samples[i - 1].time - start;
    const before = this.#diffs.last;
    this.#diffs.last = diff;
    return signed(before === undefined ? diff : diff - before);
  }

  get header(): string {
    return this.#known + binary(BigInt(this.#from), 7);
  }
}

const keys = (map: ReadonlyMap<number, number>): number[] => [...map.keys()].sort((a, b) => a - b);

/** The buckets any of the samples has. */
const layout = (samples: readonly PlainSample[], sign: 'positive' | 'negative'): number[] =>
  keys(new Map(samples.flatMap((sample) => [...sample[sign]])));

/** The chunk of these samples, written at once with the buckets of all of them. */
export function plainChunk(encoding: number, header: CounterReset, samples: readonly PlainSample[]): Uint8Array {
  const isFloat = encoding === 3 || encoding === 6;
  const hasStarts = encoding >= 5;
  const [first] = samples;
  const isEmpty = Number.isNaN(first.sum);
  const positives = isEmpty ? [] : layout(samples, 'positive');
  const negatives = isEmpty ? [] : layout(samples, 'negative');
  let bits =
    zeroThreshold(isEmpty ? 0 : first.zeroThreshold) +
    signed(isEmpty ? 0 : first.schema) +
    spans(positives) +
    spans(negatives);
  if (first.schema === -53 && !isEmpty) bits += unsigned(first.bounds.length) + first.bounds.map(bound).join('');
  const times = new DeltaColumn();
  const columns = Array.from({length: 3 + positives.length + negatives.length}, (_, i) =>
    isFloat || i === 2 ? new XorColumn() : new DeltaColumn(),
  );
  const starts = new StartColumn();
  for (const [i, sample] of samples.entries()) {
    const {sum, count, zeroCount} = sample;
    const isStale = Number.isNaN(sum);
    bits += times.write(sample.time);
    if (isStale && !isFloat && i > 0) bits += '00';
    else {
      bits += columns[0].write(isStale ? 0 : count, unsigned);
      bits += columns[1].write(isStale ? 0 : zeroCount, unsigned);
    }
    bits += columns[2].write(sum);
    if (!isStale) {
      const row: number[] = [];
      for (const [indexes, map] of [
        [positives, sample.positive],
        [negatives, sample.negative],
      ] as const) {
        const counts = indexes.map((index) => map.get(index) ?? 0);
        row.push(...(isFloat ? counts : counts.map((n, j) => n - (counts[j - 1] ?? 0))));
      }
      for (const [j, value] of row.entries()) bits += columns[3 + j].write(value);
    }
    if (hasStarts) bits += starts.write(samples, i);
  }
  const samplesBits = binary(BigInt(samples.length), hasStarts ? 14 : 16);
  const head = hasStarts ? HEADERS[header] + samplesBits + starts.header : `${samplesBits}${HEADERS[header]}000000`;
  const all = head + bits;
  return Uint8Array.from({length: Math.ceil(all.length / 8)}, (_, i) =>
    Number.parseInt(all.slice(i * 8, i * 8 + 8).padEnd(8, '0'), 2),
  );
}

/** A memory with room for the samples of a chunk, and what is done with it in tests. */
export class HistogramBench {
  readonly memory = new KernelMemory({maximumBytes: 1 << 28});
  readonly decoder = new HistogramChunkDecoder();
  readonly #sheet = new FloatHistogram();

  /** Runs `work`, then forgets the memory it took. */
  scoped<T>(work: () => T): T {
    const mark = this.memory.mark();
    try {
      return work();
    } finally {
      this.memory.release(mark);
    }
  }

  /** Writes a sample's record; gives its address. */
  record(sample: PlainSample, isInteger: boolean): number {
    const sheet = this.#sheet;
    sheet.clear();
    sheet.schema = sample.schema;
    sheet.counterReset = sample.hint;
    sheet.zeroThreshold = sample.zeroThreshold;
    sheet.zeroCount = sample.zeroCount;
    sheet.count = sample.count;
    sheet.sum = sample.sum;
    for (const index of keys(sample.positive)) sheet.positive.push(index, sample.positive.get(index)!);
    for (const index of keys(sample.negative)) sheet.negative.push(index, sample.negative.get(index)!);
    sheet.customBounds = Float64Array.from(sample.bounds);
    const at = this.memory.alloc(recordBytes(sheet));
    writeRecord(this.memory, at, sheet);
    if (isInteger) markIntegerRecord(this.memory, at);
    if (Number.isNaN(sample.sum)) this.memory.u64[(at >>> 3) + 6] = STALE;
    return at;
  }

  /** Decodes a chunk, all of it or a range of time. */
  decode(
    encoding: number,
    bytes: Uint8Array,
    startMs = -Infinity,
    endMs = Infinity,
    isLastOnly = false,
  ): PlainSample[] {
    return this.scoped(() => {
      const {memory} = this;
      const rows = 65_536;
      const times = memory.alloc(rows * 8);
      const values = memory.alloc(rows * 8);
      const starts = memory.alloc(rows * 8);
      const extras = {starts, histogram: (n: number): number => memory.alloc(n)};
      const decoder = this.decoder;
      const count = isLastOnly
        ? decoder.decodeLast(encoding, bytes, 0, bytes.length, startMs, endMs, memory, times, values, extras)
        : decoder.decode(encoding, bytes, 0, bytes.length, startMs, endMs, memory, times, values, extras);
      return Array.from({length: count}, (_, i) => this.#sample(encoding, times, values, starts, i));
    });
  }

  #sample(encoding: number, times: number, values: number, starts: number, i: number): PlainSample {
    const {f64, u32, u64} = this.memory;
    const time = f64[(times >>> 3) + i];
    const start = f64[(starts >>> 3) + i];
    const word = (values >>> 2) + i * 2;
    if (u32[word + 1] !== HISTOGRAM_HIGH) {
      if (u64[(values >>> 3) + i] !== STALE) throw new Error('a cell is neither a histogram nor stale');
      return stale(time, start);
    }
    const sheet = this.#sheet;
    readRecord(this.memory, u32[word], sheet);
    const isFloat = encoding === 3 || encoding === 6;
    if (isIntegerRecord(this.memory, u32[word]) === isFloat) throw new Error('a record is of the wrong kind');
    const {schema, zeroThreshold, zeroCount, count, sum, positive, negative} = sheet;
    const map = ({indexes, counts, length}: typeof positive): Map<number, number> =>
      new Map(Array.from({length}, (_, j) => [indexes[j], counts[j]]));
    const bounds = [...sheet.customBounds];
    const hint = sheet.counterReset;
    return {
      time,
      start,
      hint,
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum,
      positive: map(positive),
      negative: map(negative),
      bounds,
    };
  }
}

/** The sample that ends a series. */
export const stale = (time: number, start = 0, hint: CounterReset = 0): PlainSample => ({
  time,
  start,
  hint,
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: NaN,
  positive: new Map(),
  negative: new Map(),
  bounds: [],
});
