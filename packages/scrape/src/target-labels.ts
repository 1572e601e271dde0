import type {LabelSet} from '@narthex/discovery/target-group.ts';
import {formatDuration, parseDuration} from '@narthex/model/duration.ts';
import {isLabelNameUnder, Labels, LabelsBuilder} from '@narthex/model/labels.ts';
import {relabel} from '@narthex/relabel/relabel.ts';
import type {ScrapeConfig} from './config.ts';

/** A discovered target that cannot become one to scrape; it is reported and left out. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const PARAMETER_PREFIX = '__param_';
const META_PREFIX = '__meta_';

/** What a target is before relabelling: its own labels, those of its group, then those of the scrape configuration. */
export function discoveredLabels(config: ScrapeConfig, own: LabelSet, group: LabelSet): Labels {
  const builder = new LabelsBuilder();
  for (const [name, value] of Object.entries({...group, ...own})) builder.set(name, value);
  const defaults: LabelSet = {
    job: config.jobName,
    __scrape_interval__: formatDuration(config.scrapeInterval),
    __scrape_timeout__: formatDuration(config.scrapeTimeout),
    __metrics_path__: config.metricsPath,
    __scheme__: config.scheme,
  };
  for (const [name, value] of Object.entries(defaults)) if (builder.get(name) === '') builder.set(name, value);
  for (const [name, values] of config.params) {
    const label = PARAMETER_PREFIX + name;
    if (values.length && builder.get(label) === '') builder.set(label, values[0]!);
  }
  return builder.labels();
}

/**
 * What a target is after relabelling, with `instance` filled in; undefined when relabelling drops it. Throws TargetError for one that can't be
 * scraped: no address, a bad interval, a bad label.
 */
export function targetLabels(config: ScrapeConfig, discovered: Labels): Labels | undefined {
  const before = relabel(discovered, config.relabelConfigs);
  if (before === undefined) return undefined;
  const address = before.get('__address__');
  if (address === '') throw new TargetError('no address');
  checkAddress(address);
  checkTimes(before);
  const builder = new LabelsBuilder(before);
  for (const [name] of before.entries()) if (name.startsWith(META_PREFIX)) builder.del(name);
  if (before.get('instance') === '') builder.set('instance', address);
  const labels = builder.labels();
  for (const [name, value] of labels.entries()) {
    if (!isLabelNameUnder(config.metricNameValidationScheme, name))
      throw new TargetError(`invalid label name: ${JSON.stringify(name)}`);
    if (!value.isWellFormed())
      throw new TargetError(`invalid label value for ${JSON.stringify(name)}: not valid UTF-8`);
  }
  return labels;
}

function checkAddress(address: string): void {
  if (address.includes('/')) throw new TargetError(`${JSON.stringify(address)} is not a valid hostname`);
  if (!URL.canParse(`http://${address}/`)) throw new TargetError(`${JSON.stringify(address)} is not a valid address`);
}

function checkTimes(labels: Labels): void {
  const interval = duration(labels, '__scrape_interval__', 'scrape interval');
  const timeout = duration(labels, '__scrape_timeout__', 'scrape timeout');
  if (timeout > interval) {
    const texts = [labels.get('__scrape_timeout__'), labels.get('__scrape_interval__')];
    throw new TargetError(
      `scrape timeout cannot be greater than scrape interval (${JSON.stringify(texts[0])} > ${JSON.stringify(texts[1])})`,
    );
  }
}

function duration(labels: Labels, name: string, what: string): number {
  const text = labels.get(name);
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    throw new TargetError(`error parsing ${what}: ${(error as Error).message}`, {cause: error});
  }
  throw new TargetError(`${what} cannot be 0`);
}

/** Where a target is scraped: scheme, address and path of its labels, parameters of the configuration with those of its labels over them. */
export function targetUrl(config: ScrapeConfig, labels: Labels): URL {
  const url = new URL(`${labels.get('__scheme__')}://${labels.get('__address__')}`);
  url.pathname = labels.get('__metrics_path__');
  const parameters = new Map(Array.from(config.params, ([name, values]) => [name, [...values]]));
  for (const [name, value] of labels.entries()) {
    if (!name.startsWith(PARAMETER_PREFIX)) continue;
    const key = name.slice(PARAMETER_PREFIX.length);
    parameters.set(key, [value, ...(parameters.get(key) ?? []).slice(1)]);
  }
  for (const key of [...parameters.keys()].sort())
    for (const value of parameters.get(key)!) url.searchParams.append(key, value);
  return url;
}

/** The labels that a target's samples get: those that do not begin with `__`. */
export function publicLabels(labels: Labels): Labels {
  const builder = new LabelsBuilder();
  for (const [name, value] of labels.entries()) if (!name.startsWith('__')) builder.set(name, value);
  return builder.labels();
}
