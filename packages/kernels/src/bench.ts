/** One measured figure: nanoseconds an item, best of several passes. */
export interface Figure {
  readonly name: string;
  readonly nsPerItem: number;
}

/** Runs `pass`, which handles `items` items and gives a checksum, as often as `passes` says; prints and gives the best. */
export function measure(name: string, items: number, passes: number, pass: () => number): Figure {
  let best = Infinity;
  let checksum = 0;
  for (let i = 0; i < passes; i++) {
    const begin = process.hrtime.bigint();
    checksum += pass();
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / items);
  }
  console.log(`${name.padEnd(48)} ${best.toFixed(best < 10 ? 2 : 1).padStart(9)} ns  (${checksum.toString(36)})`);
  return {name, nsPerItem: best};
}

/** Small numbers that look random and are the same in each run. */
export function pseudoRandom(seed: number): () => number {
  const state = Uint32Array.of(seed);
  return () => {
    state[0] = Math.imul(state[0] ^ (state[0] >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return (state[0] ^ (state[0] >>> 13)) >>> 0;
  };
}
