/** Things to end, the last begun first, however the program ends: a benchmark leaves no process and no file behind. */
export class Cleanup {
  readonly #tasks: (() => unknown)[] = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => void this.run().finally(() => process.exit(1)));
  }

  add(task: () => unknown): void {
    this.#tasks.push(task);
  }

  async run(): Promise<void> {
    for (const task of this.#tasks.splice(0).toReversed()) await task();
  }
}
