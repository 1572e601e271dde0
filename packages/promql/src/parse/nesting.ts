/**
 * How deep parentheses, calls, signs, right operands and subqueries may nest. Upstream has no limit but its memory;
 * chains of operators have none here either.
 */
export const DEPTH_MAX = 500;

/** Counts how deep the parser stands in a query, so that neither it nor what works on its trees overflows the stack. */
export class Nesting {
  /** Levels above. */
  depth = 0;
  /** Levels below, of what has been parsed on this level. */
  height = 0;

  get isTooDeep(): boolean {
    return this.depth + this.height > DEPTH_MAX;
  }

  /** Goes a level down; what it returns is for `ascend`. */
  descend(): number {
    const outer = this.height;
    this.depth++;
    this.height = 0;
    return outer;
  }

  ascend(outer: number): void {
    this.depth--;
    this.height = Math.max(outer, this.height + 1);
  }

  /** Begins a part on the same level whose height matters alone; what it returns is for `endPart`. */
  beginPart(): number {
    const outer = this.height;
    this.height = 0;
    return outer;
  }

  endPart(outer: number): void {
    this.height = Math.max(outer, this.height);
  }
}
