import {EntryKind, type ExpositionParser, type MetricType} from '@narthex/exposition/entry.ts';
import {TextParser} from '@narthex/exposition/text-parser.ts';
import {OpenMetricsParser} from '@narthex/exposition/openmetrics-parser.ts';
import {ParseError} from '@narthex/exposition/parse-error.ts';

/** What a target says of a metric family. */
export interface FamilyMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** Read the comment lines of a body, in order; families in the order in which they first appear. */
export function readMetadata(lines: Iterable<Uint8Array>): FamilyMetadata[] {
  const families: Families = new Map();
  const parsers = [new TextParser(), new OpenMetricsParser()];
  for (const line of lines) {
    for (const parser of parsers) if (readLine(parser, line, families)) break;
  }
  return Array.from(families, ([family, metadata]) => ({family, ...metadata}));
}

type Families = Map<string, {type: MetricType; help: string; unit: string}>;

/** False when the line is no metadata in the format of `parser`: each format has some that the other lacks. */
function readLine(parser: ExpositionParser, line: Uint8Array, families: Families): boolean {
  try {
    parser.reset(line);
    const kind = parser.next();
    if (kind !== EntryKind.Type && kind !== EntryKind.Help && kind !== EntryKind.Unit) return false;
    const family = families.get(parser.name()) ?? {type: 'unknown', help: '', unit: ''};
    if (kind === EntryKind.Type) family.type = parser.metricType;
    else if (kind === EntryKind.Help) family.help = parser.text();
    else family.unit = parser.text();
    families.set(parser.name(), family);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
