import type {TimedValue} from './values.ts';

/** Whether the start timestamps of two samples say that the counter began anew between them. */
export function isStartReset(before: TimedValue, after: TimedValue): boolean {
  // Unknown, invalid, or OpenTelemetry's way of saying unknown.
  if (after.startMs === 0 || after.startMs >= after.timeMs) return false;
  if (after.startMs !== before.timeMs) return after.startMs > before.timeMs;
  // It counts from the sample before: deltas do, and so do sums whose first start was unknown.
  return before.startMs !== 0 && before.startMs < before.timeMs;
}

/** Whether a sample counts from a time that the one before covers already. */
export function overlaps(before: TimedValue, after: TimedValue): boolean {
  return after.startMs !== 0 && after.startMs < before.timeMs && after.startMs !== before.startMs;
}
