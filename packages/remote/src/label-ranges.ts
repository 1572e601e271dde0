import {isUtf8} from 'node:buffer';

/** Why the labels of a series can't be stored. */
export type LabelFault = 'no metric name' | 'not valid UTF-8' | 'empty label name' | 'duplicate label';

const NAME = new TextEncoder().encode('__name__');

/** Labels in the order that the head wants them: strictly rising by name. */
export interface SortedRanges {
  readonly ranges: Uint32Array;
  readonly count: number;
}

/**
 * Bring label ranges (name start, name end, value start, value end of each, offsets in `bytes`) into the order of names' bytes, without those with
 * an empty value; gives what is wrong with them instead, when something is.
 */
export function sortRanges(bytes: Uint8Array, ranges: ArrayLike<number>, count: number): SortedRanges | LabelFault {
  const labels: number[][] = [];
  for (let i = 0; i < 4 * count; i += 4) labels.push([ranges[i]!, ranges[i + 1]!, ranges[i + 2]!, ranges[i + 3]!]);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const compare = ([a, aEnd]: number[], [b, bEnd]: number[]) => buffer.compare(buffer, b, bEnd, a, aEnd);
  labels.sort(compare);
  let hasName = false;
  for (const [i, label] of labels.entries()) {
    const fault = faultOf(buffer, label);
    if (fault) return fault;
    if (i > 0 && compare(labels[i - 1]!, label) === 0) return 'duplicate label';
    hasName ||= label[3]! > label[2]! && buffer.subarray(label[0], label[1]).equals(NAME);
  }
  if (!hasName) return 'no metric name';
  const kept = labels.filter(([, , value, end]) => end! > value!);
  return {ranges: Uint32Array.from(kept.flat()), count: kept.length};
}

function faultOf(buffer: Buffer, [name, nameEnd, value, valueEnd]: number[]): LabelFault | undefined {
  if (name === nameEnd) return 'empty label name';
  return isUtf8(buffer.subarray(name, nameEnd)) && isUtf8(buffer.subarray(value, valueEnd))
    ? undefined
    : 'not valid UTF-8';
}
