/** The arena has no room left for what was asked. Known series keep taking samples from the reserve; new ones are refused. */
export class ArenaFullError extends Error {
  override readonly name = 'ArenaFullError';
  readonly code = 'arena_full';
  readonly budgetBytes: number;

  constructor(budgetBytes: number) {
    super(`head arena is full: its budget of ${budgetBytes} bytes is used up`);
    this.budgetBytes = budgetBytes;
  }
}

/** Stop on a broken invariant: a bug in this program, never bad input. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${why}`);
}
