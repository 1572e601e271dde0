import {addHistogram, ADDED, subtractHistogram} from '@narthex/model/histogram/add.ts';
import {compact} from '@narthex/model/histogram/compact.ts';
import {isSameHistogram} from '@narthex/model/histogram/equals.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {divideHistogram, multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {trimHistogram} from '@narthex/model/histogram/trim.ts';
import {type BinaryOp, isTrim} from '../parse/ast.ts';
import {clearCell, computeCells, isAbsentAt, type Operand} from './arithmetic.ts';
import {type HistogramArena, isHistogramAt} from './histogram-arena.ts';
import {KEEP} from './ops.ts';
import type {AnnotationPlace} from './annotations.ts';
import type {QueryContext} from './query-context.ts';
import type {StepGrid} from './step-grid.ts';

/** What is to be said about two operands. 1 to 4 (`typesNote`): the operator does not take their types. All but `reconciled` mean that there is no result. */
const NOTE = {none: 0, layout: 5, collision: 6, reconciled: 7} as const;

const typesNote = (isLeftHistogram: boolean, isRightHistogram: boolean): number =>
  1 + 2 * Number(isLeftHistogram) + Number(isRightHistogram);

/**
 * Arithmetic, comparison and trimming of cells that may be histograms; two floats give what `computeCells` gives. Pairs that do not go together have no result
 * and leave a note; of several notes at one step the last one counts, in the order of computation, so rows must come in upstream's order.
 */
export class MixedArithmetic {
  readonly #context: QueryContext;
  readonly #notes: AnnotationPlace;
  readonly #op: BinaryOp;
  readonly #keep: (typeof KEEP)[keyof typeof KEEP];
  readonly #grid: StepGrid;
  readonly #left = new FloatHistogram();
  readonly #right = new FloatHistogram();
  #noteOfStep: Uint8Array | undefined;

  constructor(
    context: QueryContext,
    op: BinaryOp,
    keep: (typeof KEEP)[keyof typeof KEEP],
    grid: StepGrid,
    notes: AnnotationPlace,
  ) {
    this.#context = context;
    this.#op = op;
    this.#notes = notes;
    this.#keep = keep;
    this.#grid = grid;
  }

  /** Whether an operation over these containers is more than one over floats. */
  static isNeeded(op: BinaryOp, ...containers: readonly HistogramArena[]): boolean {
    return isTrim(op) || containers.some((container) => !container.isEmpty);
  }

  /** `computeCells` for the steps from `first` on; histograms of the result go to `arena`. `out` may be one of the sides. */
  compute(left: Operand, right: Operand, first: number, count: number, out: number, arena: HistogramArena): void {
    let done = 0;
    for (let i = 0; i < count; i++) {
      const x = left.address + i * left.step;
      const y = right.address + i * right.step;
      if (this.#areFloats(x, y)) continue;
      this.#computeFloats(left, right, done, i, out);
      this.#combine(x, y, first + i, out + i * 8, arena);
      done = i + 1;
    }
    this.#computeFloats(left, right, done, count, out);
  }

  /** The same for one pair of present cells. False: they do not go together. */
  computeCell(left: number, right: number, step: number, out: number, arena: HistogramArena): boolean {
    if (!this.#areFloats(left, right)) return this.#combine(left, right, step, out, arena);
    computeCells(this.#context, this.#op, this.#keep, cellAt(left), cellAt(right), 1, out);
    return true;
  }

  /** Adds the notes to the query's annotations; to be called once all has been computed. */
  report(): void {
    const codes = new Set(this.#noteOfStep);
    this.#noteOfStep = undefined;
    for (const code of codes) if (code !== NOTE.none) this.#annotate(code);
  }

  /** Absent cells count as floats, since those pass them on; trimming is for histograms alone. */
  #areFloats(left: number, right: number): boolean {
    const {u32} = this.#context.heap.memory;
    return !isTrim(this.#op) && !isHistogramAt(u32, left) && !isHistogramAt(u32, right);
  }

  #computeFloats(left: Operand, right: Operand, from: number, to: number, out: number): void {
    if (from === to) return;
    const part = ({address, step}: Operand): Operand => ({address: address + from * step, step});
    computeCells(this.#context, this.#op, this.#keep, part(left), part(right), to - from, out + from * 8);
  }

  #combine(left: number, right: number, step: number, out: number, arena: HistogramArena): boolean {
    const {u32} = this.#context.heap.memory;
    if (isAbsentAt(u32, left) || isAbsentAt(u32, right)) {
      clearCell(u32, out);
      return true;
    }
    const note = this.#apply(left, right, out, arena);
    if (note === NOTE.none) return true;
    this.#noteOfStep ??= new Uint8Array(this.#grid.count);
    this.#noteOfStep[step] = note;
    if (note === NOTE.reconciled) return true;
    clearCell(this.#context.heap.memory.u32, out);
    return false;
  }

  /** Writes the result of two present cells and gives a note, or only gives one. */
  #apply(left: number, right: number, out: number, arena: HistogramArena): number {
    const {u32} = this.#context.heap.memory;
    const isLeft = isHistogramAt(u32, left);
    const isRight = isHistogramAt(u32, right);
    if (isLeft && isRight) return this.#applyBoth(left, right, out, arena);
    if (isLeft && this.#takesFloatRight()) return this.#scale(left, right, out, arena);
    if (isRight && this.#op === '*') return this.#scale(right, left, out, arena);
    return typesNote(isLeft, isRight);
  }

  #takesFloatRight(): boolean {
    return this.#op === '*' || this.#op === '/' || isTrim(this.#op);
  }

  #scale(histogram: number, float: number, out: number, arena: HistogramArena): number {
    const value = this.#context.heap.memory.f64[float >>> 3];
    const sheet = this.#left;
    arena.load(histogram, sheet);
    if (this.#op === '</') trimHistogram(sheet, value, 'below');
    else if (this.#op === '>/') trimHistogram(sheet, value, 'above');
    else {
      if (this.#op === '*') multiplyHistogram(sheet, value);
      else divideHistogram(sheet, value);
      compact(sheet);
    }
    arena.put(out, sheet);
    return NOTE.none;
  }

  #applyBoth(left: number, right: number, out: number, arena: HistogramArena): number {
    arena.load(left, this.#left);
    arena.load(right, this.#right);
    switch (this.#op) {
      case '+':
        return this.#putSum(addHistogram(this.#left, this.#right), out, arena);
      case '-': {
        const outcome = subtractHistogram(this.#left, this.#right);
        this.#left.counterReset = COUNTER_RESET.gauge;
        return this.#putSum(outcome, out, arena);
      }
      case '==':
      case '!=': {
        const holds = isSameHistogram(this.#left, this.#right) === (this.#op === '==');
        this.#putCompared(holds, left, out, arena);
        return NOTE.none;
      }
      default:
        return typesNote(true, true);
    }
  }

  /** `outcome` has bits of `ADDED`. */
  #putSum(outcome: number, out: number, arena: HistogramArena): number {
    if ((outcome & ADDED.incompatible) !== 0) return NOTE.layout;
    if ((outcome & ADDED.resetCollision) !== 0) return NOTE.collision;
    compact(this.#left);
    arena.put(out, this.#left);
    return (outcome & ADDED.boundsReconciled) === 0 ? NOTE.none : NOTE.reconciled;
  }

  #putCompared(holds: boolean, left: number, out: number, arena: HistogramArena): void {
    const {f64, u8, u32} = this.#context.heap.memory;
    if (this.#keep === KEEP.bool) f64[out >>> 3] = Number(holds);
    else if (!holds) clearCell(u32, out);
    else {
      u8.copyWithin(out, left, left + 8);
      arena.adopt(out, 1);
    }
  }

  #annotate(note: number): void {
    const op = this.#op;
    const notes = this.#notes;
    const operation = op === '-' ? 'subtraction' : 'addition';
    switch (note) {
      case NOTE.layout:
        return notes.warn(`incompatible bucket layout encountered for binary operator ${op}`);
      case NOTE.collision:
        return notes.warn(`conflicting counter resets during histogram ${operation}`);
      case NOTE.reconciled:
        return notes.info(`mismatched custom buckets were reconciled during ${operation}`);
      default: {
        const left = note >= typesNote(true, false) ? 'histogram' : 'float';
        const right = note % 2 === 0 ? 'histogram' : 'float';
        const types = `${left} ${op} ${right}`;
        return notes.info(`incompatible sample types encountered for binary operator "${op}": ${types}`);
      }
    }
  }
}

const cellAt = (address: number): Operand => ({address, step: 0});
