import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from './kernel-memory.ts';

const memory = new KernelMemory({maximumBytes: 16 * 1024 * 1024});
const {kernels} = memory;
const ABSENT = 0x7ff0000000000002n;

/** Copies floats to new memory; returns their address. */
function place(values: readonly number[]): number {
  const at = memory.alloc(Math.max(1, values.length) * 8);
  memory.f64.set(values, at >>> 3);
  return at;
}

function placeWords(values: readonly number[]): number {
  const at = memory.alloc(Math.max(1, values.length) * 4);
  memory.u32.set(values, at >>> 2);
  return at;
}

/** Runs `body` and gives back the memory it took. */
function scoped<T>(body: () => T): T {
  const mark = memory.mark();
  try {
    return body();
  } finally {
    memory.release(mark);
  }
}

const anyFloat = fc.oneof(fc.double(), fc.integer(), fc.double({min: -10, max: 10}));

test('the remainder has the digits and the sign of C and JavaScript', () => {
  const special = [0, -0, 1, -1, 5.5, 1e308, 5e-324, Infinity, -Infinity, NaN, 2 ** 53, 3 * 2 ** -1074];
  for (const x of special) for (const y of special) assert.ok(Object.is(kernels.fmod(x, y), x % y), `${x} % ${y}`);
  fc.assert(fc.property(fc.double(), fc.double(), (x, y) => Object.is(kernels.fmod(x, y), x % y)));
});

test('floats are sorted with NaN first', () => {
  fc.assert(
    fc.property(fc.array(anyFloat, {maxLength: 400}), (values) =>
      scoped(() => {
        const at = place(values);
        kernels.sortFloats(at, values.length);
        const found = [...memory.f64.subarray(at >>> 3, (at >>> 3) + values.length)];
        const nans = values.filter((value) => Number.isNaN(value));
        const numbers = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
        // -0 and 0 are equal here, in any order.
        assert.deepEqual(
          found.map((x) => x + 0),
          [...nans, ...numbers].map((x) => x + 0),
        );
      }),
    ),
  );
});

test('rows are ordered by their keys, equal ones by their number', () => {
  const keys = fc.array(fc.array(fc.integer({min: 0, max: 3}), {maxLength: 4}), {maxLength: 60});
  const compare = (a: readonly number[], b: readonly number[]) => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
    return a.length - b.length;
  };
  fc.assert(
    fc.property(keys, (rows) =>
      scoped(() => {
        const order = placeWords(rows.map((_, i) => i));
        let end = 0;
        const offsets = placeWords([0, ...rows.map((row) => (end += row.length))]);
        kernels.orderByKeys(rows.length, order, offsets, placeWords(rows.flat()), placeWords(rows.map(() => 0)));
        const wanted = rows.map((_, i) => i).toSorted((a, b) => compare(rows[a], rows[b]) || a - b);
        assert.deepEqual([...memory.u32.subarray(order >>> 2, (order >>> 2) + rows.length)], wanted);
      }),
    ),
  );
});

test('texts are ordered by their bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.string({unit: 'binary', maxLength: 4}), {maxLength: 40}), (texts) =>
      scoped(() => {
        const bytes = texts.map((text) => Buffer.from(text));
        const order = placeWords(texts.map((_, i) => i));
        let end = 0;
        const offsets = placeWords([0, ...bytes.map(({length}) => (end += length))]);
        const at = memory.alloc(end + 1);
        memory.u8.set(Buffer.concat(bytes), at);
        kernels.orderByBytes(texts.length, order, offsets, at, placeWords(texts.map(() => 0)));
        const wanted = texts.map((_, i) => i).toSorted((a, b) => Buffer.compare(bytes[a], bytes[b]) || a - b);
        assert.deepEqual([...memory.u32.subarray(order >>> 2, (order >>> 2) + texts.length)], wanted);
      }),
    ),
  );
});

test('texts are written as JSON', () => {
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), (text) =>
      scoped(() => {
        const bytes = Buffer.from(text);
        const at = memory.alloc(bytes.length * 7 + 2);
        memory.u8.set(bytes, at);
        const out = at + bytes.length;
        const end = kernels.writeText(at, out, out);
        assert.equal(JSON.parse(Buffer.from(memory.u8.subarray(out, end)).toString()), bytes.toString());
      }),
    ),
  );
});

test('operations on cells skip absent ones', () => {
  const cells = fc.array(fc.option(anyFloat, {nil: undefined}), {minLength: 1, maxLength: 20});
  const write = (values: readonly (number | undefined)[]) => {
    const at = memory.alloc(values.length * 8);
    for (const [i, value] of values.entries()) {
      if (value === undefined) memory.u64[(at >>> 3) + i] = ABSENT;
      else memory.f64[(at >>> 3) + i] = value;
    }
    return at;
  };
  const read = (at: number, count: number) =>
    Array.from({length: count}, (_, i) =>
      memory.u64[(at >>> 3) + i] === ABSENT ? undefined : memory.f64[(at >>> 3) + i],
    );
  const operations: readonly [code: number, apply: (x: number, y: number) => number | undefined][] = [
    [0, (x, y) => x + y],
    [1, (x, y) => x - y],
    [2, (x, y) => x * y],
    [3, (x, y) => x / y],
    [4, (x, y) => x % y],
    [5, (x, y) => (x === y ? x : undefined)],
    [6, (x, y) => (x === y ? undefined : x)],
    [7, (x, y) => (x > y ? x : undefined)],
    [8, (x, y) => (x < y ? x : undefined)],
    [9, (x, y) => (x >= y ? x : undefined)],
    [10, (x, y) => (x <= y ? x : undefined)],
  ];
  fc.assert(
    fc.property(cells, anyFloat, fc.constantFrom(...operations), (values, scalar, [code, apply]) =>
      scoped(() => {
        const count = values.length;
        const at = write(values);
        kernels.cellsBinary(code, 0, at, 8, place([scalar]), 0, count, at);
        assert.deepEqual(
          read(at, count),
          values.map((value) => (value === undefined ? undefined : apply(value, scalar))),
        );
        assert.equal(kernels.cellsCount(at, count), read(at, count).filter((value) => value !== undefined).length);
      }),
    ),
  );
});

const SCRATCH = 64;

/** One-step rows with these values (undefined: absent) as the columns that selections take. */
function rowsOf(values: readonly (number | undefined)[]) {
  const cells = memory.alloc(Math.max(1, values.length) * 8);
  for (const [i, value] of values.entries()) {
    if (value === undefined) memory.u64[(cells >>> 3) + i] = ABSENT;
    else memory.f64[(cells >>> 3) + i] = value;
  }
  return {
    members: placeWords(values.map((_, i) => i)),
    firsts: placeWords(values.map(() => 0)),
    counts: placeWords(values.map(() => 1)),
    cells: placeWords(values.map((_, i) => cells + i * 8)),
    values: memory.alloc(SCRATCH * 8),
    rows: memory.alloc(SCRATCH * 4),
  };
}

const columns = fc.array(fc.option(anyFloat, {nil: undefined}), {maxLength: SCRATCH});
const present = (values: readonly (number | undefined)[]) => values.filter((value) => value !== undefined);

test('the largest and smallest rows are selected, NaN only where nothing else is left', () => {
  fc.assert(
    fc.property(columns, fc.integer({min: 1, max: SCRATCH}), fc.constantFrom(1, -1), (values, k, sign) =>
      scoped(() => {
        const {members, firsts, counts, cells, values: out, rows} = rowsOf(values);
        const size = kernels.selectTop(sign, k, members, values.length, firsts, counts, cells, 0, out, rows);
        const best = (a: number, b: number) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : sign * (b - a));
        const wanted = present(values).toSorted(best).slice(0, k);
        const found = [...memory.f64.subarray(out >>> 3, (out >>> 3) + size)].toSorted(best);
        assert.deepEqual(
          found.map((x) => x + 0),
          wanted.map((x) => x + 0),
        );
        const numbers = [...memory.u32.subarray(rows >>> 2, (rows >>> 2) + size)];
        assert.equal(new Set(numbers).size, size);
        kernels.orderByValue(-sign, size, rows, out, memory.alloc(SCRATCH * 12));
        const sorted = [...memory.f64.subarray(out >>> 3, (out >>> 3) + size)];
        assert.deepEqual(
          sorted.map((x) => x + 0),
          wanted.map((x) => x + 0),
        );
      }),
    ),
  );
});

test('the first rows that are present are selected', () => {
  fc.assert(
    fc.property(columns, fc.integer({min: 1, max: SCRATCH}), (values, k) =>
      scoped(() => {
        const {members, firsts, counts, cells, values: out, rows} = rowsOf(values);
        const size = kernels.selectFirst(k, members, values.length, firsts, counts, cells, 0, out, rows);
        const wanted = values.flatMap((value, i) => (value === undefined ? [] : [i])).slice(0, k);
        assert.deepEqual(
          [...memory.u32.subarray(rows >>> 2, (rows >>> 2) + size)].toSorted((a, b) => a - b),
          wanted,
        );
      }),
    ),
  );
});

const HISTOGRAM_HIGH = 0x7ff00001n << 32n;
/** A float, nothing, or a reference to a histogram. */
const anyCell = fc.oneof(
  fc.double({noNaN: true}).map((x) => new BigUint64Array(Float64Array.of(x).buffer)[0]!),
  fc.constant(ABSENT),
  fc.nat(1000).map((address) => HISTOGRAM_HIGH | BigInt(address * 8)),
);
const isHistogram = (cell: bigint) => cell >> 32n === 0x7ff00001n;

function placeCells(cells: readonly bigint[]): number {
  const at = memory.alloc(Math.max(1, cells.length) * 8);
  memory.u64.set(cells, at >>> 3);
  return at;
}

const cellsAt = (at: number, count: number) => [...memory.u64.subarray(at >>> 3, (at >>> 3) + count)];

test('histograms are counted and dropped, other cells stay', () => {
  fc.assert(
    fc.property(fc.array(anyCell), (cells) =>
      scoped(() => {
        const at = placeCells(cells);
        const histograms = cells.filter(isHistogram).length;
        assert.equal(kernels.cellsHistograms(at, cells.length), histograms);
        assert.equal(kernels.cellsDropHistograms(at, cells.length), histograms);
        const want = cells.map((cell) => (isHistogram(cell) ? ABSENT : cell));
        assert.deepEqual(cellsAt(at, cells.length), want);
      }),
    ),
  );
});

test('stale markers are dropped, and what looks like a histogram where there are none is a plain NaN', () => {
  fc.assert(
    fc.property(fc.array(anyCell), fc.boolean(), (cells, hasHistograms) =>
      scoped(() => {
        const values = placeCells(cells);
        const times = place(cells.map((_, i) => i));
        const kept = cells.flatMap((cell, i) => (cell === ABSENT ? [] : [{cell, i}]));
        assert.equal(kernels.dropStale(times, values, cells.length, hasHistograms), kept.length);
        const plain = (cell: bigint) => (isHistogram(cell) && !hasHistograms ? 0x7ff8000000000001n : cell);
        assert.deepEqual(
          cellsAt(values, kept.length),
          kept.map(({cell}) => plain(cell)),
        );
        assert.deepEqual(
          [...memory.f64.subarray(times >>> 3, (times >>> 3) + kept.length)],
          kept.map(({i}) => i),
        );
      }),
    ),
  );
});

test('rows without a present cell are removed, the others keep their order', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.constantFrom(ABSENT, ABSENT, 1n), {minLength: 1, maxLength: 4})), (rows) =>
      scoped(() => {
        const columns = [
          rows.map((_, i) => i * 10),
          rows.map((_, i) => i),
          rows.map((cells) => cells.length),
          rows.map((cells) => placeCells(cells)),
        ];
        const [labels, firsts, counts, cells] = columns.map(placeWords) as [number, number, number, number];
        const kept = rows.flatMap((row, i) => (row.includes(1n) ? [i] : []));
        assert.equal(kernels.rowsWithCells(rows.length, labels, firsts, counts, cells), kept.length);
        for (const [k, at] of [labels, firsts, counts, cells].entries()) {
          const got = [...memory.u32.subarray(at >>> 2, (at >>> 2) + kept.length)];
          assert.deepEqual(
            got,
            kept.map((i) => columns[k]![i]),
          );
        }
      }),
    ),
  );
});
