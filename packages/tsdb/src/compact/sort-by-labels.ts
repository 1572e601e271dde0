import type {ArenaReader} from '../arena/reader.ts';
import type {LabelSetReader} from '../index/label-sets.ts';

/** Parts below this are sorted by insertion. */
const SHORT = 8;

/**
 * Sorts series of the head by their labels: multikey quicksort (Bentley and Sedgewick 1997), one name or value a step, so that what
 * many series have in common is looked at once. `ranks`: the place of each symbol in byte order, from 1. Inside an epoch.
 */
export function sortByLabels(slots: Uint32Array, ranks: Uint32Array, arena: ArenaReader, sets: LabelSetReader): void {
  new LabelSorter(slots, ranks, arena, sets).sort();
}

class LabelSorter {
  readonly #slots: Uint32Array;
  /** Of each series the rank of its name or value at the present depth; 0 behind its last label. */
  readonly #keys: Uint32Array;
  readonly #ranks: Uint32Array;
  readonly #words: Uint32Array;
  readonly #sets: LabelSetReader;
  readonly #directory: number;

  constructor(slots: Uint32Array, ranks: Uint32Array, arena: ArenaReader, sets: LabelSetReader) {
    this.#slots = slots;
    this.#keys = new Uint32Array(slots.length);
    this.#ranks = ranks;
    this.#words = arena.u32;
    this.#sets = sets;
    this.#directory = sets.directory();
  }

  sort(): void {
    this.#load(0, this.#slots.length, 0);
    this.#sort(0, this.#slots.length, 0);
  }

  #load(from: number, end: number, depth: number): void {
    const words = this.#words;
    for (let i = from; i < end; i++) {
      const set = this.#sets.addressIn(this.#directory, this.#slots[i]) >>> 2;
      this.#keys[i] = depth < 2 * words[set + 1] ? this.#ranks[words[set + 2 + depth]] : 0;
    }
  }

  /** Sort series that agree up to `depth`, whose keys are loaded. */
  #sort(from: number, end: number, depth: number): void {
    let [lo, hi, at] = [from, end, depth];
    while (hi - lo > 1) {
      const [less, more] = hi - lo < SHORT ? this.#insert(lo, hi) : this.#partition(lo, hi);
      if (less > lo) this.#sort(lo, less, at);
      if (more < hi) this.#sort(more, hi, at);
      if (this.#keys[less] === 0) return;
      [lo, hi] = [less, more];
      this.#load(lo, hi, ++at);
    }
  }

  /** Three parts: keys below, at and above one of them; gives where the middle one begins and ends. */
  #partition(lo: number, hi: number): [less: number, more: number] {
    const keys = this.#keys;
    const pivot = median(keys[lo], keys[(lo + hi) >>> 1], keys[hi - 1]);
    let less = lo;
    let more = hi;
    for (let i = lo; i < more;) {
      if (keys[i] < pivot) this.#swap(i++, less++);
      else if (keys[i] > pivot) this.#swap(i, --more);
      else i++;
    }
    return [less, more];
  }

  /** Sorts by keys; gives the part of those that equal the first. */
  #insert(lo: number, hi: number): [less: number, more: number] {
    const keys = this.#keys;
    for (let i = lo + 1; i < hi; i++) for (let k = i; k > lo && keys[k] < keys[k - 1]; k--) this.#swap(k, k - 1);
    let more = lo + 1;
    while (more < hi && keys[more] === keys[lo]) more++;
    return [lo, more];
  }

  #swap(a: number, b: number): void {
    const slots = this.#slots;
    const keys = this.#keys;
    const [slot, key] = [slots[a], keys[a]];
    slots[a] = slots[b];
    keys[a] = keys[b];
    slots[b] = slot;
    keys[b] = key;
  }
}

const median = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
