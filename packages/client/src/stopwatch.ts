/** Starts a watch; each call of the result gives the seconds since. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

/** Runs `work`, gives its duration in seconds to `observe` when it ends, well or badly, and returns its result. */
export function timed<T>(work: () => T, observe: (seconds: number) => void): T {
  const seconds = stopwatch();
  let pending = false;
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    pending = true;
    return result.finally(() => observe(seconds())) as T;
  } finally {
    if (!pending) observe(seconds());
  }
}
