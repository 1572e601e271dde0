import {EntryKind, type MetricType} from '@narthex/exposition/entry.ts';
import {TextParser} from '@narthex/exposition/text-parser.ts';
import {OpenMetricsParser} from '@narthex/exposition/openmetrics-parser.ts';

/** What a target says of a metric family. */
export interface FamilyMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** Read the comment lines of a body, in order; families in the order in which they first appear. */
export function readMetadata(lines: Iterable<Uint8Array>): FamilyMetadata[] {
  const families = new Map<string, {type: MetricType; help: string; unit: string}>();
  const text = new TextParser();
  const openMetrics = new OpenMetricsParser();
  for (const line of lines) {
    // Only OpenMetrics has units; for everything else the text format takes more.
    const parser = /^# UNIT /.test(Buffer.from(line.subarray(0, 7)).toString('latin1')) ? openMetrics : text;
    parser.reset(line);
    const kind = parser.next();
    if (kind !== EntryKind.Type && kind !== EntryKind.Help && kind !== EntryKind.Unit) continue;
    const family = families.get(parser.name()) ?? {type: 'unknown', help: '', unit: ''};
    if (kind === EntryKind.Type) family.type = parser.metricType;
    else if (kind === EntryKind.Help) family.help = parser.text();
    else family.unit = parser.text();
    families.set(parser.name(), family);
  }
  return Array.from(families, ([family, metadata]) => ({family, ...metadata}));
}
