import {EntryKind} from './entry.ts';
import type {OpenMetricsParser} from './openmetrics-parser.ts';
import {ParseError} from './parse-error.ts';

/** Bytes of the suffix `_created`. */
const SUFFIX_LENGTH = 8;

/**
 * Finds the `_created` line that belongs to a sample by reading ahead, as upstream does: the next such line of the
 * family counts when it names the same series. What was found is kept until the sample position passes it, so a
 * body costs at most two readings however it is written (upstream reads to the end of the family for every sample).
 */
export class StartTimestamps {
  /** Stands at the `_created` line found last; its accessors speak of that line. */
  private readonly ahead: OpenMetricsParser;
  private found = false;
  /** Whether the line found last belonged to the sample asked about last. */
  private matched = false;
  /** Offset up to which there is no `_created` line but the one found. */
  private clearUntil = -1;

  constructor(ahead: OpenMetricsParser) {
    this.ahead = ahead;
  }

  /** Forgets everything: another body comes. */
  forget(): void {
    this.found = this.matched = false;
    this.clearUntil = -1;
  }

  /** Start in milliseconds of the sample at which `parser` stands, 0 without; its family name ends at `familyEnd`. */
  of(parser: OpenMetricsParser, familyEnd: number, end: number): number {
    if (this.matched && this.isSameSeries(parser, familyEnd)) return this.startMs();
    if (parser.position > this.clearUntil) this.readAhead(parser, end);
    this.matched = this.found && this.isSameSeries(parser, familyEnd);
    return this.matched ? this.startMs() : 0;
  }

  private startMs(): number {
    const seconds = this.ahead.values[0];
    return Number.isFinite(seconds) ? Math.trunc(seconds * 1000) : 0;
  }

  private readAhead(parser: OpenMetricsParser, end: number): void {
    const ahead = this.ahead;
    ahead.reset(parser.body, parser.position, end);
    ahead.metricType = parser.metricType;
    this.found = false;
    try {
      do this.clearUntil = ahead.position;
      while (ahead.next() === EntryKind.Series && !(this.found = ahead.isCreatedSeries()));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.clearUntil = end;
    }
  }

  /** Whether both lines have the same family name and labels, in the same order, but for `le` or `quantile`. */
  private isSameSeries(parser: OpenMetricsParser, familyEnd: number): boolean {
    const ahead = this.ahead;
    const created = ahead.nameEnd - SUFFIX_LENGTH;
    if (!this.sameBytes(parser.nameStart, familyEnd, ahead.nameStart, created)) return false;
    const ours = parser.labelRanges;
    const theirs = ahead.labelRanges;
    let i = 0;
    let j = 0;
    for (;;) {
      while (i < parser.labelCount && this.isBoundary(ours, 4 * i)) i++;
      while (j < ahead.labelCount && this.isBoundary(theirs, 4 * j)) j++;
      if (i === parser.labelCount || j === ahead.labelCount) return i === parser.labelCount && j === ahead.labelCount;
      if (!this.samePair(ours, 4 * i++, theirs, 4 * j++)) return false;
    }
  }

  private samePair(ours: Uint32Array, i: number, theirs: Uint32Array, j: number): boolean {
    return (
      this.sameBytes(ours[i], ours[i + 1], theirs[j], theirs[j + 1]) &&
      this.sameBytes(ours[i + 2], ours[i + 3], theirs[j + 2], theirs[j + 3])
    );
  }

  private isBoundary(ranges: Uint32Array, at: number): boolean {
    const {metricType, body} = this.ahead;
    if (metricType !== 'histogram' && metricType !== 'summary') return false;
    const name = metricType === 'histogram' ? 'le' : 'quantile';
    if (ranges[at + 1] - ranges[at] !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (body[ranges[at] + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  private sameBytes(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    const {body} = this.ahead;
    for (let i = 0; i < end - start; i++) if (body[start + i] !== body[otherStart + i]) return false;
    return true;
  }
}
