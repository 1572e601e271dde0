import type {LabelSet} from '@narthex/discovery/target-group.ts';
import {formatDuration, parseDuration} from '@narthex/model/duration.ts';
import {type Labels, LabelsBuilder} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {relabel} from '@narthex/relabel/relabel.ts';
import type {ScrapeConfig} from './config.ts';

/** A discovered target that cannot become one to scrape; it is reported and left out. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const PARAMETER_PREFIX = '__param_';
const META_PREFIX = '__meta_';

/** The path of a Unix socket to connect to in place of `__address__`. */
export const UNIX_SOCKET_LABEL = '__unix_socket__';

/** Labels that switch something for one target, and what errors call it. */
const SWITCHES = {
  __convert_classic_histograms_to_nhcb__: 'convert classic histograms to nhcb',
  __always_scrape_classic_histograms__: 'always scrape classic histograms',
  __scrape_native_histograms__: 'scrape native histograms',
} as const;

/** What Go takes for a truth value. */
const BOOLEANS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

/** What a target is before relabelling: its own labels, those of its group, then those of the scrape configuration. */
export function discoveredLabels(config: ScrapeConfig, own: LabelSet, group: LabelSet): Labels {
  const builder = new LabelsBuilder();
  for (const [name, value] of Object.entries({...group, ...own})) builder.set(name, value);
  for (const [name, value] of Object.entries(defaultLabels(config))) {
    if (builder.get(name) === '') builder.set(name, value);
  }
  for (const [name, values] of config.params) {
    const label = PARAMETER_PREFIX + name;
    if (values.length > 0 && builder.get(label) === '') builder.set(label, values[0]!);
  }
  return builder.labels();
}

function defaultLabels(config: ScrapeConfig): LabelSet {
  return {
    job: config.jobName,
    __scrape_interval__: formatDuration(config.scrapeInterval),
    __scrape_timeout__: formatDuration(config.scrapeTimeout),
    __metrics_path__: config.metricsPath,
    __scheme__: config.scheme,
    __convert_classic_histograms_to_nhcb__: String(config.convertClassicHistogramsToNhcb ?? false),
    __always_scrape_classic_histograms__: String(config.alwaysScrapeClassicHistograms ?? false),
    __scrape_native_histograms__: String(config.scrapeNativeHistograms ?? false),
  };
}

/**
 * What a target is after relabelling, with `instance` filled in; undefined when relabelling drops it. Throws TargetError for one that can't be
 * scraped: no address, a bad interval, a bad label.
 */
export function targetLabels(config: ScrapeConfig, discovered: Labels): Labels | undefined {
  const relabelled = relabel(discovered, config.relabelConfigs);
  if (relabelled === undefined) return undefined;
  const address = relabelled.get('__address__');
  if (address === '') throw new TargetError('no address');
  if (address.includes('/')) throw new TargetError(`${quoteGo(address)} is not a valid hostname`);
  checkTimes(relabelled);
  checkSwitches(relabelled);
  const builder = new LabelsBuilder(relabelled);
  for (const [name] of relabelled.entries()) if (name.startsWith(META_PREFIX)) builder.del(name);
  if (relabelled.get('instance') === '') builder.set('instance', address);
  const labels = builder.labels();
  for (const [name, value] of labels.entries()) {
    if (!value.isWellFormed()) throw new TargetError(`invalid label value for ${quoteGo(name)}: ${quoteGo(value)}`);
  }
  return labels;
}

function checkTimes(labels: Labels): void {
  const interval = duration(labels, '__scrape_interval__', 'scrape interval');
  const timeout = duration(labels, '__scrape_timeout__', 'scrape timeout');
  if (timeout <= interval) return;
  const [timeoutText, intervalText] = [labels.get('__scrape_timeout__'), labels.get('__scrape_interval__')];
  throw new TargetError(
    `scrape timeout cannot be greater than scrape interval (${quoteGo(timeoutText)} > ${quoteGo(intervalText)})`,
  );
}

function duration(labels: Labels, name: string, what: string): number {
  const ms = parsed(labels.get(name), what);
  if (ms === 0) throw new TargetError(`${what} cannot be 0`);
  return ms;
}

function parsed(text: string, what: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new TargetError(`error parsing ${what}: ${(cause as Error).message}`, {cause});
  }
}

function checkSwitches(labels: Labels): void {
  for (const [name, what] of Object.entries(SWITCHES)) {
    const value = labels.get(name);
    if (value !== '' && !BOOLEANS.has(value))
      throw new TargetError(`error parsing ${what}: strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`);
  }
}

/** The labels that a target's samples get: those that do not begin with `__`. */
export function publicLabels(labels: Labels): Labels {
  const builder = new LabelsBuilder();
  for (const [name, value] of labels.entries()) if (!name.startsWith('__')) builder.set(name, value);
  return builder.labels();
}
