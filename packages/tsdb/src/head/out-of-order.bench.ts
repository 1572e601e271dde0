// What a sample out of order costs, beside one in order: node packages/tsdb/src/head/out-of-order.bench.ts
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';
import {SegmentBoard} from './segments.ts';
import type {SeriesSlot} from './types.ts';

const MIB = 1024 * 1024;
const T0 = 1_700_000_000_000;
const STEP_MS = 15_000;
const SAMPLES = 100;

export interface OutOfOrderFigures {
  readonly series: number;
  /** To append a sample out of order, chunks that are closed included. */
  readonly appendNs: number;
  /** To close the open chunk of a series. */
  readonly closeNs: number;
  /** To read a sample of a series with as many in order as out of order. */
  readonly readNs: number;
  /** To mark an interval of a series as deleted. */
  readonly deleteNs: number;
}

class OutOfOrderBench {
  readonly #series: number;
  readonly #board = new SegmentBoard();
  readonly #memory = new KernelMemory({maximumBytes: 256 * MIB});
  readonly #head: Head;
  readonly #slots: SeriesSlot[];

  constructor(series: number) {
    this.#series = series;
    this.#head = Head.create({
      arenaBytes: 64 * MIB + series * 8192,
      outOfOrderWindowMs: 7_200_000,
      announce: this.#board.announce,
    });
    this.#slots = Array.from({length: series}, (_, i) =>
      this.#head.getOrCreate(Labels.fromObject({__name__: 'bench', series: String(i)})),
    );
  }

  run(): OutOfOrderFigures {
    for (let k = 1; k <= SAMPLES; k++) this.#append(2 * k);
    const appended = timed(() => {
      for (let k = 0; k < SAMPLES; k++) this.#append(2 * ((k * 37) % SAMPLES) + 1);
    });
    const closing = this.#head.outOfOrder.close(this.#memory);
    const closed = timed(() => {
      while (!closing.step(1e6));
    });
    const {readNs, samples} = this.#read();
    const deleted = timed(() => this.#head.delete(this.#slots, T0, T0 + STEP_MS, this.#memory));
    return {
      series: this.#series,
      appendNs: appended / (this.#series * SAMPLES),
      closeNs: closed / this.#series,
      readNs: readNs / samples,
      deleteNs: deleted / this.#series,
    };
  }

  /** A sample for each series. */
  #append(step: number): void {
    const memory = this.#memory;
    const mark = memory.mark();
    const count = this.#series;
    const [slots, statuses] = [memory.alloc(count * 4), memory.alloc(count)];
    const [times, values] = [memory.alloc(count * 8), memory.alloc(count * 8)];
    memory.u32.set(this.#slots, slots >>> 2);
    memory.f64.fill(T0 + (step * STEP_MS) / 2, times >>> 3, (times >>> 3) + count);
    for (let i = 0; i < count; i++) memory.f64[(values >>> 3) + i] = i * 10 + step;
    this.#head.append({memory, slots, statuses, times, values, count});
    memory.release(mark);
  }

  #read(): {readNs: number; samples: number} {
    const memory = new KernelMemory({maximumBytes: 64 * MIB + this.#series * 64});
    const reader = new HeadReader(this.#head.shared, memory, 0, this.#board.source());
    const [times, values] = [memory.alloc(SAMPLES * 32), memory.alloc(SAMPLES * 32)];
    let samples = 0;
    const readNs = timed(() => {
      reader.begin();
      const set = reader.select([], -Infinity, Infinity);
      for (let i = 0; i < set.length; i++) samples += set.read(i, times, values);
      reader.end();
    });
    return {readNs, samples};
  }
}

function timed(work: () => void): number {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin);
}

/** `scale` 1: 10,000 series with 100 samples in order and 100 out of order each. */
export function run(scale: number): OutOfOrderFigures {
  return new OutOfOrderBench(Math.ceil(10_000 * scale)).run();
}

if (import.meta.main) console.log(run(1));
