import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {OutOfOrderPiece} from './commit-log.ts';
import {GrowingRows} from './growing-rows.ts';
import type {SeriesRef} from './types.ts';

// A sample: round, record, time, low and high half of the cell, start. A marker: round, record, place of the chunk.
const SAMPLE_WIDTH = 6;
const MARKER_WIDTH = 3;

/**
 * Collects what the log of out-of-order samples is to be told of a commit. Rounds keep a series' samples apart from those that a later marker
 * says are in a chunk: the markers of a round stand in front of its samples, and a series enters a round when a chunk of it was closed.
 */
export class OutOfOrderPieces {
  readonly #samples = new GrowingRows(new Float64Array(64 * SAMPLE_WIDTH), SAMPLE_WIDTH);
  readonly #markers = new GrowingRows(new Float64Array(16 * MARKER_WIDTH), MARKER_WIDTH);
  #rounds = 0;

  get samples(): number {
    return this.#samples.count;
  }

  clear(): void {
    this.#samples.clear();
    this.#markers.clear();
    this.#rounds = 0;
  }

  addSample(round: number, record: number, timeMs: number, low: number, high: number, startMs: number): void {
    const row = this.#samples.add();
    const {cells} = this.#samples;
    cells[row] = round;
    cells[row + 1] = record;
    cells[row + 2] = timeMs;
    cells[row + 3] = low;
    cells[row + 4] = high;
    cells[row + 5] = startMs;
    this.#rounds = Math.max(this.#rounds, round + 1);
  }

  /** All that the log has of the series is in chunks, the newest of them at `place` on disk. */
  addMarker(round: number, record: number, place: number): void {
    const row = this.#markers.add();
    this.#markers.cells[row] = round;
    this.#markers.cells[row + 1] = record;
    this.#markers.cells[row + 2] = place;
    this.#rounds = Math.max(this.#rounds, round + 1);
  }

  /** The pieces, round by round, in new memory that the caller releases. */
  build(memory: KernelMemory, refOf: (record: number) => SeriesRef): OutOfOrderPiece[] {
    const samples = this.#samples.count;
    const columns = memory.alloc(samples * 32);
    const markers = this.#markers.count;
    const marked = memory.alloc(markers * 16);
    const samplePlaces = placesByRound(this.#samples.cells, SAMPLE_WIDTH, samples, this.#rounds);
    const markerPlaces = placesByRound(this.#markers.cells, MARKER_WIDTH, markers, this.#rounds);
    const pieces = Array.from({length: this.#rounds}, (_, round) => {
      const sample = columns + samplePlaces[round] * 8;
      const marker = marked + markerPlaces[round] * 8;
      return {
        memory,
        markerCount: markerPlaces[round + 1] - markerPlaces[round],
        markerRefs: marker,
        markerChunks: marker + markers * 8,
        sampleCount: samplePlaces[round + 1] - samplePlaces[round],
        sampleRefs: sample,
        sampleTimes: sample + samples * 8,
        sampleValues: sample + samples * 16,
        sampleStarts: sample + samples * 24,
      };
    });
    this.#fillSamples(memory, columns, samplePlaces, refOf);
    this.#fillMarkers(memory, marked, markerPlaces, refOf);
    return pieces;
  }

  /** Moves `places` on. */
  #fillSamples(memory: KernelMemory, at: number, places: Uint32Array, refOf: (record: number) => SeriesRef): void {
    const {f64, u32} = memory;
    const {cells, count} = this.#samples;
    for (let i = 0; i < count; i++) {
      const row = i * SAMPLE_WIDTH;
      const to = (at >>> 3) + places[cells[row]]++;
      f64[to] = refOf(cells[row + 1]);
      f64[to + count] = cells[row + 2];
      u32[(to + 2 * count) * 2] = cells[row + 3];
      u32[(to + 2 * count) * 2 + 1] = cells[row + 4];
      f64[to + 3 * count] = cells[row + 5];
    }
  }

  #fillMarkers(memory: KernelMemory, at: number, places: Uint32Array, refOf: (record: number) => SeriesRef): void {
    const {f64} = memory;
    const {cells, count} = this.#markers;
    for (let i = 0; i < count; i++) {
      const row = i * MARKER_WIDTH;
      const to = (at >>> 3) + places[cells[row]]++;
      f64[to] = refOf(cells[row + 1]);
      f64[to + count] = cells[row + 2];
    }
  }
}

/** Where the rows of each round begin when they are sorted by it, and where the last ones end. */
function placesByRound(cells: Float64Array, width: number, count: number, rounds: number): Uint32Array {
  const places = new Uint32Array(rounds + 1);
  for (let i = 0; i < count; i++) places[cells[i * width] + 1]++;
  for (let round = 0; round < rounds; round++) places[round + 1] += places[round];
  return places;
}
