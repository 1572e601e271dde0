// Sample records of the write-ahead log, the plain way.

export interface LoggedSample {
  readonly ref: bigint;
  /** Milliseconds. */
  readonly time: bigint;
  readonly bits: bigint;
  /** Start time, of the second form only; 0 for none. */
  readonly start?: bigint;
}

const bigEndian = (value: bigint): number[] => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, value), false);
  return [...new Uint8Array(view.buffer)];
};

function signedVarint(value: bigint): number[] {
  const wrapped = BigInt.asIntN(64, value);
  let rest = BigInt.asUintN(64, (wrapped << 1n) ^ (wrapped >> 63n));
  const out: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return [...out, Number(rest)];
}

/** A record of type 2: references and times as differences to the first. */
export function encodeSamples(samples: readonly LoggedSample[]): Uint8Array {
  if (samples.length === 0) return Uint8Array.of(2);
  const [first] = samples;
  const rest = samples.flatMap(({ref, time, bits}) => [
    ...signedVarint(ref - first.ref),
    ...signedVarint(time - first.time),
    ...bigEndian(bits),
  ]);
  return Uint8Array.of(2, ...bigEndian(first.ref), ...bigEndian(first.time), ...rest);
}

/** A record of type 11: references as differences to the one before, and start times. */
export function encodeSamples2(samples: readonly LoggedSample[]): Uint8Array {
  const startOf = (i: number): bigint => samples[i].start ?? 0n;
  const marked = (i: number): number[] => {
    if (startOf(i) === 0n) return [0];
    return startOf(i) === startOf(i - 1) ? [1] : [2, ...signedVarint(startOf(i) - startOf(0))];
  };
  return Uint8Array.of(
    11,
    ...samples.flatMap(({ref, time, bits}, i) =>
      i === 0
        ? [...signedVarint(ref), ...signedVarint(time), ...signedVarint(startOf(0)), ...bigEndian(bits)]
        : [
            ...signedVarint(ref - samples[i - 1].ref),
            ...signedVarint(time - samples[0].time),
            ...marked(i),
            ...bigEndian(bits),
          ],
    ),
  );
}
