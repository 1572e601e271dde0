import type {WireReader} from './wire-reader.ts';

/** A time as near as the milliseconds that a number holds exactly allow. */
export function saturatedMs(ms: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(ms, Number.MAX_SAFE_INTEGER));
}

/** Reads the field as google.protobuf.Timestamp: milliseconds, what is finer is cut off. */
export function readTimestampMs(reader: WireReader, name: string): number {
  const outer = reader.enter(name);
  let seconds = 0;
  let nanos = 0;
  while (reader.nextField('Timestamp')) {
    if (reader.field === 1) seconds = reader.readInt64('Seconds');
    else if (reader.field === 2) nanos = reader.readInt32('Nanos');
    else reader.skip();
  }
  reader.leave(outer);
  return saturatedMs(seconds * 1000 + Math.trunc(nanos / 1e6));
}
