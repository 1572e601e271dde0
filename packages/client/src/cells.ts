/** Numbers of the children of one metric, `stride` of them a child; grows as children come. */
export class Cells {
  /** Replaced when it grows: read it anew after `add`. */
  values: Float64Array;
  private readonly stride: number;
  private used = 0;
  private readonly free: number[] = [];

  constructor(stride: number, children = 1) {
    this.stride = stride;
    this.values = new Float64Array(stride * children);
  }

  /** Room for one more child, all zero; returns the index of its first number. */
  add(): number {
    const reused = this.free.pop();
    if (reused !== undefined) return reused;
    const at = this.used;
    this.used += this.stride;
    if (this.used > this.values.length) {
      const grown = new Float64Array(Math.max(this.used, 2 * this.values.length));
      grown.set(this.values);
      this.values = grown;
    }
    return at;
  }

  /** Takes the room of a child back. */
  remove(at: number): void {
    this.values.fill(0, at, at + this.stride);
    this.free.push(at);
  }
}
