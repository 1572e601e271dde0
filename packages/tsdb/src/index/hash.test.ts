import {loadArenaKernels} from '@narthex/kernels/load.ts';
import * as layout from '@narthex/kernels/layout/label-index.ts';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Arena} from '../arena/arena.ts';
import {INDEX_ROOTS} from '../arena/layout.ts';
import {RecordsReader} from '../arena/records.ts';
import {hashBytes, hashPair, hashWords} from './hash.ts';

// Of MurmurHash3_x86_32, as published with its source.
const known: [text: string, seed: number, hash: number][] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['abc', 0, 0xb3dd93fa],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
];
for (const [text, seed, hash] of known) {
  test(`hash of ${JSON.stringify(text)} with seed ${seed}`, () => {
    const bytes = Buffer.from(text);
    assert.equal(hashBytes(bytes, 0, bytes.length, seed) >>> 0, hash);
  });
}

test('the kernel hashes as the plain functions do', () => {
  const arena = Arena.create({bytes: 1 << 20});
  const kernels = loadArenaKernels(arena.memory);
  const at = arena.slabs.alloc(1024) + 3;
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 100}), fc.integer(), (bytes, seed) => {
      arena.u8.set(bytes, at);
      assert.equal(kernels.indexHash(at, bytes.length, seed) | 0, hashBytes(bytes, 0, bytes.length, seed));
    }),
  );
});

test('the kernel hashes label sets as the plain functions do', () => {
  const arena = Arena.create({bytes: 1 << 20});
  const kernels = loadArenaKernels(arena.memory);
  const stage = arena.slabs.allocZeroed(layout.STAGE_BYTES);
  const symbols = arena.slabs.alloc(1024);
  arena.u32[(stage + layout.STAGE_SYMBOLS) >>> 2] = symbols;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), {maxLength: 20}), fc.integer(), (pairs, seed) => {
      const words = Uint32Array.from(pairs.flat());
      arena.u32.set(words, symbols >>> 2);
      arena.u32[(stage + layout.STAGE_LABELS) >>> 2] = pairs.length;
      arena.i32[(stage + layout.STAGE_SEED) >>> 2] = seed;
      assert.equal(kernels.stageHash(stage) | 0, hashWords(words, 0, words.length, seed));
    }),
  );
});

test('a pair hashes as its two words do', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer(), (a, b, seed) => {
      assert.equal(hashPair(a, b, seed), hashWords(Uint32Array.of(a, b), 0, 2, seed));
    }),
  );
});

const shifts: [what: string, bytes: number, shift: number][] = [
  ['symbols', layout.SYMBOL_BYTES, layout.SYMBOL_SHIFT],
  ['pairs', layout.PAIR_BYTES, layout.PAIR_SHIFT],
  ['names', layout.NAME_BYTES, layout.NAME_SHIFT],
  ['label sets', 4, layout.LABEL_SET_SHIFT],
];
for (const [what, bytes, shift] of shifts) {
  test(`kernels find the records of ${what} where the arena puts them`, () => {
    assert.equal(new RecordsReader(Arena.create({bytes: 1 << 20}), 0, bytes).shift, shift);
    assert.equal(layout.SYMBOL_TABLE, INDEX_ROOTS);
  });
}
