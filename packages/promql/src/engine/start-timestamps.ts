// What start timestamps of counters tell about two samples that follow each other (upstream: promql/functions.go). Times in ms; a start of 0 is unknown.

/** Whether the counter began anew between the two samples. */
export function isStartReset(previousStart: number, previousTime: number, start: number, time: number): boolean {
  // A start at the sample itself is OpenTelemetry's way to say unknown; behind it, it is nonsense.
  if (start === 0 || start >= time || start < previousTime) return false;
  if (start > previousTime) return true;
  // It starts at the sample before: each sample is a delta, unless the start was not known there.
  return previousStart !== 0 && previousStart < previousTime;
}

/** Whether the sample counts from a time within what the sample before counted, with another start. */
export function isStartOverlap(previousStart: number, previousTime: number, start: number): boolean {
  return start !== 0 && start < previousTime && start !== previousStart;
}
