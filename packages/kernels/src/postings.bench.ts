import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';

function intersect(a: Uint32Array, b: Uint32Array, out: Uint32Array): number {
  let [i, j, count] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] < b[j]) i++;
    else if (a[i] > b[j]) j++;
    else {
      out[count++] = a[i++];
      j++;
    }
  }
  return count;
}

/** Time a reference of the lists that go in: lists of the same length, a short one against a long one, many at once. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const {kernels} = memory;
  const random = pseudoRandom(9);
  const put = (count: number, step: number): {at: number; count: number} => {
    const at = memory.alloc(count * 4 + 16);
    for (let i = 0, ref = 0; i < count; i++) memory.u32[at / 4 + i] = ref += 1 + (random() % step);
    return {at, count};
  };
  const count = Math.max(64, Math.round(200_000 * scale));
  const passes = Math.max(1, Math.round(10 * scale));
  const [a, b] = [put(count, 4), put(count, 4)];
  const short = put(Math.ceil(count / 1000), 4000);
  const out = memory.alloc(count * 8 + 16);
  const both = 2 * count;
  measure('intersect, same length', both, passes, () => kernels.postingsIntersect(a.at, count, b.at, count, out));
  const lists = [a, b].map((list) => memory.u32.slice(list.at / 4, list.at / 4 + count));
  const target = new Uint32Array(count);
  measure('intersect, same length, plain TypeScript', both, passes, () => intersect(lists[0], lists[1], target));
  measure('intersect, 1 : 1000, a reference of the short', short.count, passes * 20, () =>
    kernels.postingsIntersect(short.at, short.count, a.at, count, out),
  );
  measure('subtract, same length', both, passes, () => kernels.postingsSubtract(a.at, count, b.at, count, out));
  measure('union, same length', both, passes, () => kernels.postingsUnion(a.at, count, b.at, count, out));
  const many = Array.from({length: 50}, () => put(Math.ceil(count / 50), 200));
  const pairs = memory.alloc(many.length * 8);
  memory.u32.set(
    many.flatMap((list) => [list.at, list.count]),
    pairs / 4,
  );
  const bitmap = memory.alloc(kernels.postingsSpanBytes(pairs, many.length));
  measure('union, 50 lists', count, passes, () => kernels.postingsUnionMany(pairs, many.length, bitmap, out));
}

if (import.meta.main) run(1);
