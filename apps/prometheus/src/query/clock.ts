/** Milliseconds of a clock that never jumps and is the same in all threads; its zero means nothing. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
