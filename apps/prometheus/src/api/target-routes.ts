import {success, type Answer} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {parseMetricSelector} from '@narthex/promql/parse/parser.ts';
import type {TargetMetadata, TargetStatus} from '@narthex/scrape/manager.ts';
import type {IngestClient} from '../ingest/ingest-client.ts';
import type {Exchange} from '../web/exchange.ts';
import type {WebServer} from '../web/server.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** What is scraped, and what targets say of their metrics. */
export function addTargetRoutes(server: WebServer, ingest: IngestClient, externalUrl: URL): void {
  server.route(['GET'], '/api/v1/targets', ({query}) => targets(ingest, new URLSearchParams(query), externalUrl));
  server.route(['GET'], '/api/v1/scrape_pools', async () =>
    success({scrapePools: await ingest.caller.call('poolNames', null)}),
  );
  server.route(['GET'], '/api/v1/targets/metadata', ({query}) => targetMetadata(ingest, new URLSearchParams(query)));
  server.route(['GET'], '/api/v1/metadata', ({query}: Exchange) => metadata(ingest, new URLSearchParams(query)));
}

async function targets(ingest: IngestClient, parameters: URLSearchParams, externalUrl: URL): Promise<Answer> {
  const state = (parameters.get('state') ?? '').toLowerCase();
  const pool = parameters.get('scrapePool') ?? '';
  const {active, dropped, droppedCounts} = await ingest.caller.call('targets', null);
  const wanted = <T extends {scrapePool: string}>(list: readonly T[]) =>
    list.filter((each) => pool === '' || each.scrapePool === pool);
  const showActive = ['', 'any', 'active'].includes(state);
  const showDropped = ['', 'any', 'dropped'].includes(state);
  return success({
    activeTargets: showActive ? wanted(active).map((target) => activeTarget(target, externalUrl)) : [],
    droppedTargets: showDropped ? wanted(dropped) : [],
    droppedTargetCounts: showDropped ? droppedCounts : null,
  });
}

function activeTarget(target: TargetStatus, externalUrl: URL): Record<string, unknown> {
  const {lastScrapeMs} = target;
  return {
    discoveredLabels: target.discoveredLabels,
    labels: target.labels,
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: globalUrl(target.scrapeUrl, externalUrl),
    lastError: target.lastError,
    lastScrape: lastScrapeMs === undefined ? NEVER : new Date(lastScrapeMs).toISOString(),
    lastScrapeDuration: target.lastScrapeSeconds,
    health: target.health,
    scrapeInterval: target.scrapeInterval,
    scrapeTimeout: target.scrapeTimeout,
  };
}

/** The address of a target as others reach it: one on this machine by the server's own public name. */
function globalUrl(scrapeUrl: string, externalUrl: URL): string {
  const url = new URL(scrapeUrl);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return scrapeUrl;
  if (url.port === externalUrl.port) url.protocol = externalUrl.protocol;
  url.hostname = externalUrl.hostname;
  return url.href;
}

function wholeNumber(parameters: URLSearchParams, name: string, fallback: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return fallback;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError('bad_data', `${name} must be a number`);
  return Number(text);
}

async function targetMetadata(ingest: IngestClient, parameters: URLSearchParams): Promise<Answer> {
  const limit = wholeNumber(parameters, 'limit', -1);
  const family = parameters.get('metric') || undefined;
  const matches = targetMatcher(parameters.get('match_target') ?? '');
  const found = (await ingest.caller.call('metadata', {family})).filter(({target}) => matches(target));
  const limited = limit >= 0 ? found.slice(0, limit) : found;
  return success(
    limited.map((each) => ({target: each.target, metric: family ? undefined : each.family, ...described(each)})),
  );
}

function targetMatcher(selector: string): (target: Record<string, string>) => boolean {
  if (selector === '') return () => true;
  try {
    const matchers = parseMetricSelector(selector);
    return (target) => matchers.every((matcher) => matcher.matches(target[matcher.name] ?? ''));
  } catch (error) {
    throw new ApiError('bad_data', (error as Error).message, {cause: error});
  }
}

async function metadata(ingest: IngestClient, parameters: URLSearchParams): Promise<Answer> {
  const limit = wholeNumber(parameters, 'limit', -1);
  const perMetric = wholeNumber(parameters, 'limit_per_metric', -1);
  const family = parameters.get('metric') || undefined;
  const families = new Map<string, Map<string, ReturnType<typeof described>>>();
  for (const each of await ingest.caller.call('metadata', {family})) {
    const known = families.get(each.family) ?? new Map();
    const text = described(each);
    if (perMetric <= 0 || known.size < perMetric) known.set(JSON.stringify(text), text);
    families.set(each.family, known);
  }
  const limited = limit >= 0 ? [...families].slice(0, limit) : [...families];
  return success(Object.fromEntries(limited.map(([name, texts]) => [name, [...texts.values()]])));
}

const described = ({type, help, unit}: TargetMetadata) => ({type, help, unit});
