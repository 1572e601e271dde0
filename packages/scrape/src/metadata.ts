import {EntryKind, type ExpositionParser, type MetricType} from '@narthex/exposition/entry.ts';
import type {ExpositionFormat} from '@narthex/exposition/negotiation.ts';
import {createParser} from '@narthex/exposition/parser.ts';

/** What a target says of a metric family. */
export interface FamilyMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

type Families = Map<string, {type: MetricType; help: string; unit: string}>;

/** Read the comment lines of a body that was parsed before, in order; families in the order in which they first appear. */
export function readMetadata(lines: Iterable<Uint8Array>, format: ExpositionFormat): FamilyMetadata[] {
  const families: Families = new Map();
  const parser = createParser(format);
  for (const line of lines) {
    parser.reset(line);
    take(parser.next(), parser, families);
  }
  return Array.from(families, ([family, metadata]) => ({family, ...metadata}));
}

function take(kind: EntryKind, parser: ExpositionParser, families: Families): void {
  if (kind !== EntryKind.Type && kind !== EntryKind.Help && kind !== EntryKind.Unit) return;
  const name = parser.name();
  const family = families.get(name) ?? {type: 'unknown', help: '', unit: ''};
  if (kind === EntryKind.Type) family.type = parser.metricType;
  else if (kind === EntryKind.Help) family.help = parser.text();
  else family.unit = parser.text();
  families.set(name, family);
}
