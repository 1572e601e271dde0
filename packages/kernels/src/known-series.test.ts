// The table of known series of `remoteWrite` and its second hash, each against a plain reference.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import * as layout from '../layout/remote-write.ts';
import {encodeWriteRequest} from './remote-write.reference.ts';
import {TestMemory} from './testing.ts';

const memory = new TestMemory();
const {kernels} = memory;

/** A table that is told hashes directly. */
class Table {
  readonly #state = memory.room(layout.WRITE_STATE_BYTES);
  readonly #at: number;
  #records: number;

  constructor(records: number, recordsMax: number) {
    this.#at = memory.room(recordsMax * layout.KNOWN_BYTES);
    memory.u8.fill(0, this.#at, this.#at + recordsMax * layout.KNOWN_BYTES);
    this.#records = records;
  }

  add(hash: bigint, sum: bigint, slot: number): void {
    memory.u32[(this.#state + layout.WRITE_TABLE) / 4] = this.#at;
    memory.u32[(this.#state + layout.WRITE_MASK) / 4] = this.#records - 1;
    memory.u64[(this.#state + layout.WRITE_HASH) / 8] = hash;
    memory.u64[(this.#state + layout.WRITE_SUM) / 8] = sum;
    kernels.rememberSeries(this.#state, slot);
  }

  grow(records: number): void {
    kernels.growKnown(this.#at, this.#records - 1, records - 1);
    this.#records = records;
  }

  /** The slot under (`hash`, `sum`), found as the kernel does, or undefined. */
  find(hash: bigint, sum: bigint): number | undefined {
    const view = new DataView(memory.u8.buffer);
    for (let i = Number(hash % BigInt(this.#records)); ; i = (i + 1) % this.#records) {
      const record = this.#at + i * layout.KNOWN_BYTES;
      const stored = view.getUint32(record + layout.KNOWN_SLOT, true);
      if (stored === 0) return undefined;
      const isHash = view.getBigUint64(record + layout.KNOWN_HASH, true) === hash;
      if (isHash && view.getBigUint64(record + layout.KNOWN_SUM, true) === sum) return stored - 1;
    }
  }

  get living(): number {
    let count = 0;
    for (let i = 0; i < this.#records; i++) {
      if (
        memory.u8
          .subarray(this.#at + i * layout.KNOWN_BYTES + layout.KNOWN_SLOT, this.#at + (i + 1) * layout.KNOWN_BYTES)
          .some((byte) => byte !== 0)
      )
        count++;
    }
    return count;
  }
}

// Few low bits, and those around the end of the table: long runs, also across its end.
const hash = fc.oneof(
  fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
  fc.bigInt({min: 0n, max: 255n}),
  fc.constantFrom(0n, 13n, 14n, 15n, 16n, 31n, 63n),
);

test('a table that grows where it is keeps all series', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(hash, {maxLength: 15}),
      fc.uniqueArray(hash, {maxLength: 30}),
      fc.constantFrom(32, 64, 256),
      (before, after, records) => {
        memory.scoped(() => {
          const table = new Table(16, 512);
          const slots = new Map<bigint, number>();
          const add = (hashes: readonly bigint[]) => {
            for (const each of hashes) {
              if (slots.has(each) || slots.size === 31) continue;
              slots.set(each, slots.size);
              table.add(each, each ^ 5n, slots.get(each)!);
            }
          };
          add(before);
          table.grow(records);
          add(after);
          table.grow(512);
          assert.equal(table.living, slots.size);
          for (const [each, slot] of slots) assert.equal(table.find(each, each ^ 5n), slot);
          assert.equal(table.find(77_777n, 0n), undefined);
        });
      },
    ),
    {numRuns: 500},
  );
});

const MASK_64 = 2n ** 64n - 1n;

/** The second hash, as plainly as can be. */
function plainSum(text: Uint8Array, key: Uint8Array): bigint {
  const keyWord = (i: number): bigint => Buffer.from(key).readBigUInt64LE(8 * i);
  const half = (a: bigint, b: bigint): bigint => (a + b) & 0xffffffffn;
  const product = (word: bigint, k: bigint) => half(word, k) * half(word >> 32n, k >> 32n);
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8);
  padded.set(text);
  let sum = product(BigInt(text.length), keyWord(0));
  for (let i = 0; i < padded.length / 8; i++) {
    const place = i % (layout.KEY_BYTES / 8 - 1);
    if (i > 0 && place === 0) sum = (((sum << 29n) | (sum >> 35n)) & MASK_64) * (keyWord(0) | 1n);
    sum = (sum + product(padded.readBigUInt64LE(8 * i), keyWord(1 + place))) & MASK_64;
  }
  return sum;
}

/** The second hash of a series' label bytes as the walk leaves it, and these bytes. */
function walked(value: string, key: Uint8Array): {sum: bigint; bytes: Uint8Array} {
  const body = encodeWriteRequest({
    series: [{labels: [['a', value]], samples: [], exemplars: 0, histograms: 0}],
    metadata: 0,
  });
  const at = memory.put(body);
  const state = memory.room(layout.WRITE_STATE_BYTES);
  const set = (field: number, word: number): void => void (memory.u32[(state + field) / 4] = word);
  const table = memory.room(layout.KNOWN_BYTES * 2);
  memory.u8.fill(0, table, table + layout.KNOWN_BYTES * 2);
  set(layout.WRITE_POSITION, at);
  set(layout.WRITE_END, at + body.length);
  set(layout.WRITE_TABLE, table);
  set(layout.WRITE_MASK, 1);
  set(layout.WRITE_KEY, memory.put(key));
  assert.equal(kernels.remoteWrite(state), layout.WRITE_UNKNOWN);
  const [begin, end] = [layout.WRITE_SERIES, layout.WRITE_LABELS_END].map((field) => memory.u32[(state + field) / 4]!);
  return {sum: memory.u64[(state + layout.WRITE_SUM) / 8]!, bytes: memory.bytes(begin!, end! - begin!)};
}

test('the second hash is the keyed sum of all label bytes', () => {
  const lengths = fc.oneof(fc.nat(100), fc.integer({min: 2000, max: 2080}), fc.integer({min: 4050, max: 5000}));
  fc.assert(
    fc.property(lengths, fc.uint8Array({minLength: layout.KEY_BYTES, maxLength: layout.KEY_BYTES}), (length, key) => {
      memory.scoped(() => {
        const value = Array.from({length}, (_, i) => String.fromCharCode(33 + ((i * 7) % 90))).join('');
        const {sum, bytes} = walked(value, key);
        assert.equal(sum, plainSum(bytes, key));
      });
    }),
  );
});
