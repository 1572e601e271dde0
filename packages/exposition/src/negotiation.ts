import {quoteGo} from '@narthex/model/quote.ts';
import {DEFAULT_ESCAPING, type EscapingScheme, isEscapingScheme} from './escaping.ts';
import {type AcceptClause, MediaTypeError, parseAccept, parseMediaType} from './media-type.ts';

/** The families of exposition formats. */
export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

/** Protocols a configuration may list in `scrape_protocols`, with the media range each asks for. */
const SCRAPE_PROTOCOLS = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
} as const;

export type ScrapeProtocol = keyof typeof SCRAPE_PROTOCOLS;

/** What is proposed to targets when the configuration doesn't say, the most wanted first. */
export const DEFAULT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

/** The same with protobuf first, for native histograms and start timestamps. */
export const PROTO_FIRST_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = ['PrometheusProto', ...DEFAULT_SCRAPE_PROTOCOLS];

/** Whether `text` names a scrape protocol. */
export function isScrapeProtocol(text: string): text is ScrapeProtocol {
  return Object.hasOwn(SCRAPE_PROTOCOLS, text);
}

/** The protocol that a configuration names; throws upstream's text for anything else. */
export function parseScrapeProtocol(text: string): ScrapeProtocol {
  if (isScrapeProtocol(text)) return text;
  const supported = Object.keys(SCRAPE_PROTOCOLS).sort().join(' ');
  throw new Error(`unknown scrape protocol ${text}, supported: [${supported}]`);
}

/** The `Accept` header of a scrape: the protocols with falling weights, then anything. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: EscapingScheme): string {
  let weight = Object.keys(SCRAPE_PROTOCOLS).length + 1;
  const ranges: string[] = [];
  for (const protocol of protocols) {
    // Only the newer text formats know the parameter.
    const escaped = protocol === 'PrometheusText1.0.0' || protocol === 'OpenMetricsText1.0.0';
    ranges.push(`${SCRAPE_PROTOCOLS[protocol]}${escaped ? `;escaping=${escaping}` : ''};q=0.${weight--}`);
  }
  ranges.push(`*/*;q=0.${weight}`);
  return ranges.join(',');
}

/** The `Accept-Encoding` header of a scrape. */
export function acceptEncodingHeader(compression: boolean): string {
  return compression ? 'gzip' : 'identity';
}

const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map<string, ExpositionFormat>([
  ['text/plain', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/vnd.google.protobuf', 'protobuf'],
]);

/** What the `Content-Type` of an answer says about its format. */
export interface AnswerFormat {
  /** Undefined: the scrape fails with `problem`. */
  readonly format: ExpositionFormat | undefined;
  /** Why the fallback had to be taken, or why there is no format; in upstream's words. */
  readonly problem: string | undefined;
}

/** Chooses the parser of a scraped answer; `fallback` is the `fallback_scrape_protocol` of the configuration. */
export function answerFormat(contentType: string, fallback?: ScrapeProtocol): AnswerFormat {
  if (contentType === '') {
    return fallBack(
      fallback,
      'non-compliant scrape target sending blank Content-Type',
      ' and',
      ' specified for target',
    );
  }
  try {
    const format = FORMATS.get(parseMediaType(contentType).type);
    if (format !== undefined) return {format, problem: undefined};
  } catch (error) {
    if (!(error instanceof MediaTypeError)) throw error;
    const verb = fallback === undefined ? 'cannot parse' : 'could not parse received';
    const answer = fallBack(fallback, `${verb} Content-Type ${quoteGo(contentType)}`, ' and', ' for target');
    return {...answer, problem: `${answer.problem}\n${error.message}`};
  }
  const problem = `received unsupported Content-Type ${quoteGo(contentType)}`;
  return fallBack(fallback, problem, ' and', ' specified for target');
}

function fallBack(fallback: ScrapeProtocol | undefined, problem: string, and: string, target: string): AnswerFormat {
  if (fallback === undefined) {
    return {format: undefined, problem: `${problem}${and} no fallback_scrape_protocol${target}`};
  }
  const [mediaType] = SCRAPE_PROTOCOLS[fallback].split(';');
  const taken = `${problem}, using fallback_scrape_protocol ${quoteGo(mediaType)}`;
  return {format: FORMATS.get(mediaType), problem: taken};
}

/** A format that a page can be written in: its `Content-Type` without the escaping parameter. */
export type OfferedFormat = (typeof OFFERS)[keyof typeof OFFERS];

const OFFERS = {
  openMetrics1: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  openMetrics0: 'application/openmetrics-text; version=0.0.1; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
} as const;

/** All formats that `encodeFamilies` writes, the most wanted first. */
export const OFFERED_FORMATS: readonly OfferedFormat[] = [OFFERS.openMetrics1, OFFERS.openMetrics0, OFFERS.text];

/** How a page is to be written. */
export interface PageFormat {
  readonly format: Exclude<ExpositionFormat, 'protobuf'>;
  readonly escaping: EscapingScheme;
  /** The `Content-Type` header that says both. */
  readonly contentType: string;
}

/**
 * Chooses how to write a page for the `Accept` header of a request; text 0.0.4 when nothing else fits, whatever the
 * header says. Names are escaped with underscores unless the chosen clause asks for something else.
 */
export function negotiate(accept: string | undefined, offered: readonly OfferedFormat[] = OFFERED_FORMATS): PageFormat {
  let escaping = DEFAULT_ESCAPING;
  for (const clause of parseAccept(accept ?? '')) {
    const wanted = clause.parameters.get('escaping') ?? '';
    if (isEscapingScheme(wanted)) escaping = wanted;
    const match = offered.find((offer) => matches(clause, offer));
    if (match !== undefined) return pageFormat(match, escaping);
  }
  const text = offered.includes(OFFERS.text) ? OFFERS.text : (offered[0] ?? OFFERS.text);
  return pageFormat(text, escaping);
}

function pageFormat(offer: OfferedFormat, escaping: EscapingScheme): PageFormat {
  const format = offer === OFFERS.text ? 'text' : 'openmetrics';
  return {format, escaping, contentType: `${offer}; escaping=${escaping}`};
}

function matches(clause: AcceptClause, offer: OfferedFormat): boolean {
  if (clause.type === '*' && clause.subtype === '*') return true;
  const {type, parameters} = parseMediaType(offer);
  const [main, sub] = type.split('/');
  if ((clause.type !== '*' && clause.type !== main) || (clause.subtype !== '*' && clause.subtype !== sub)) return false;
  return (clause.parameters.get('version') ?? defaultVersion(clause)) === parameters.get('version');
}

/** The version that a clause without one means. */
function defaultVersion(clause: AcceptClause): string | undefined {
  if (clause.type === 'application' && clause.subtype === 'openmetrics-text') return '0.0.1';
  return clause.type === 'text' && clause.subtype === 'plain' ? '0.0.4' : undefined;
}
