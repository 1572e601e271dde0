/** Rows of numbers that are collected, looked at and forgotten; keeps its memory. */
export class GrowingRows<Cells extends Float64Array | Uint32Array> {
  readonly #width: number;
  cells: Cells;
  /** Rows there are. */
  count = 0;

  /** `cells`: what to begin with, some rows of `width` cells. */
  constructor(cells: Cells, width: number) {
    this.cells = cells;
    this.#width = width;
  }

  /** Add a row; gives the place of its first cell in `cells`, which may be another array now. */
  add(): number {
    const at = this.count++ * this.#width;
    if (at + this.#width > this.cells.length) {
      const larger = new (this.cells.constructor as new (length: number) => Cells)(this.cells.length * 2);
      larger.set(this.cells);
      this.cells = larger;
    }
    return at;
  }

  clear(): void {
    this.count = 0;
  }
}
