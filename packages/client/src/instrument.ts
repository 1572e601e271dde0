import type {Point} from '@narthex/exposition/family.ts';
import {Cells} from './cells.ts';

/**
 * One metric with all its label values given: what is counted into. Its numbers live in the cells of its family.
 * A removed instrument goes on working, on cells of its own that nobody sees.
 */
export abstract class Instrument {
  protected cells: Cells;
  protected at: number;
  private readonly stride: number;
  /** When counting began, in milliseconds since the epoch. */
  readonly createdMs: number;

  constructor(cells: Cells, stride: number) {
    this.cells = cells;
    this.stride = stride;
    this.at = cells.add();
    this.createdMs = Date.now();
  }

  /** The value as it goes on a page. */
  abstract point(): Point;

  /** Back to the state of a new instrument. */
  reset(): void {
    this.cells.values.fill(0, this.at, this.at + this.stride);
  }

  /** Called when the instrument leaves its family. */
  detach(): void {
    const own = new Cells(this.stride);
    const at = own.add();
    own.values.set(this.cells.values.subarray(this.at, this.at + this.stride), at);
    this.cells.remove(this.at);
    this.cells = own;
    this.at = at;
  }
}
