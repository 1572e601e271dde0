import {ByteWriter} from '../block/byte-writer.ts';
import type {LoadedChunk} from './source.ts';

const CAPACITY_MIN = 64;
const HELD = -1;

/** Chunks of one series from all its sources, to be brought into order: either still in their source or held here. Used again and again. */
export class PendingChunks {
  count = 0;
  minTimes = new Float64Array(CAPACITY_MIN);
  maxTimes = new Float64Array(CAPACITY_MIN);
  /** Places in the order of first time, then of last time, then as they were added; after `sort`. */
  order = new Uint32Array(CAPACITY_MIN);
  /** Number of the source, or -1. */
  #sources = new Int32Array(CAPACITY_MIN);
  /** Which chunk of the source it is; when held, where its bytes are. */
  #places = new Uint32Array(CAPACITY_MIN);
  #lengths = new Uint32Array(CAPACITY_MIN);
  #encodings = new Uint8Array(CAPACITY_MIN);
  readonly #held = new ByteWriter();

  clear(): void {
    this.count = 0;
    this.#held.clear();
  }

  /** Add chunk `k` of source number `source`. */
  add(minTime: number, maxTime: number, source: number, k: number): void {
    const i = this.#append(minTime, maxTime);
    this.#sources[i] = source;
    this.#places[i] = k;
  }

  /** Add a copy of a chunk. */
  hold(minTime: number, maxTime: number, encoding: number, bytes: Uint8Array): void {
    const i = this.#append(minTime, maxTime);
    this.#sources[i] = HELD;
    this.#places[i] = this.#held.length;
    this.#lengths[i] = bytes.length;
    this.#encodings[i] = encoding;
    this.#held.put(bytes, 0, bytes.length);
  }

  /** The source of chunk `i`, -1 when it is held here. */
  sourceOf(i: number): number {
    return this.#sources[i];
  }

  /** Which chunk of its source chunk `i` is. */
  placeOf(i: number): number {
    return this.#places[i];
  }

  /** Give chunk `i`, which is held here. */
  loadHeld(i: number, into: LoadedChunk): void {
    into.encoding = this.#encodings[i];
    into.bytes = this.#held.bytes;
    into.from = this.#places[i];
    into.to = this.#places[i] + this.#lengths[i];
  }

  /** Fill `order`. They come as a few runs that are in order, mostly one behind the other. */
  sort(): void {
    const {order, count} = this;
    for (let i = 0; i < count; i++) {
      let at = i;
      for (; at > 0 && this.#isBefore(i, order[at - 1]); at--) order[at] = order[at - 1];
      order[at] = i;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const {minTimes, maxTimes} = this;
    return minTimes[a] < minTimes[b] || (minTimes[a] === minTimes[b] && maxTimes[a] < maxTimes[b]);
  }

  #append(minTime: number, maxTime: number): number {
    if (this.count === this.order.length) this.#grow(2 * this.count);
    this.minTimes[this.count] = minTime;
    this.maxTimes[this.count] = maxTime;
    return this.count++;
  }

  #grow(capacity: number): void {
    const grown = <T extends {set(old: T): void}>(larger: T, old: T): T => {
      larger.set(old);
      return larger;
    };
    this.minTimes = grown(new Float64Array(capacity), this.minTimes);
    this.maxTimes = grown(new Float64Array(capacity), this.maxTimes);
    this.order = grown(new Uint32Array(capacity), this.order);
    this.#sources = grown(new Int32Array(capacity), this.#sources);
    this.#places = grown(new Uint32Array(capacity), this.#places);
    this.#lengths = grown(new Uint32Array(capacity), this.#lengths);
    this.#encodings = grown(new Uint8Array(capacity), this.#encodings);
  }
}
