import {checkStaticTargets, discoveryFields} from '@narthex/discovery/config.ts';
import type {EscapingScheme} from '@narthex/exposition/escaping.ts';
import {
  DEFAULT_SCRAPE_PROTOCOLS,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  parseScrapeProtocol,
  type ScrapeProtocol,
} from '@narthex/exposition/negotiation.ts';
import {relabelConfigs} from '@narthex/relabel/config.ts';
import {list, map} from '@narthex/yaml/collections.ts';
import {bool, bytes, duration, float, string, uint} from '@narthex/yaml/scalars.ts';
import {field, omitEmpty, optional, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {unread} from '@narthex/yaml/unread.ts';
import {writeYaml} from '@narthex/yaml/write.ts';

/** Settings that `global` has as defaults for each job. */
export const sharedFields = {
  scrape_interval: field(duration),
  scrape_timeout: field(duration),
  scrape_protocols: optional(list(string)),
  scrape_native_histograms: optional(bool),
  convert_classic_histograms_to_nhcb: optional(bool),
  always_scrape_classic_histograms: optional(bool),
  extra_scrape_metrics: optional(bool),
  body_size_limit: field(bytes),
  sample_limit: field(uint),
  target_limit: field(uint),
  label_limit: field(uint),
  label_name_length_limit: field(uint),
  label_value_length_limit: field(uint),
  keep_dropped_targets: field(uint),
  metric_name_validation_scheme: field(string),
  metric_name_escaping_scheme: field(string),
  scrape_failure_log_file: field(string),
};

/** What a job needs of `global`. */
export type ScrapeDefaults = StructOf<typeof sharedFields>;

/** Client settings that are recognised and not acted on yet. */
const laterClientKeys = [
  'basic_auth',
  'authorization',
  'oauth2',
  'tls_config',
  'proxy_url',
  'no_proxy',
  'proxy_from_environment',
  'proxy_connect_header',
  'http_headers',
  'bearer_token',
  'bearer_token_file',
] as const;

const clientFields = {
  basic_auth: field(unread),
  authorization: field(unread),
  oauth2: field(unread),
  tls_config: field(unread),
  proxy_url: field(unread),
  no_proxy: field(unread),
  proxy_from_environment: field(unread),
  proxy_connect_header: field(unread),
  http_headers: field(unread),
  bearer_token: field(unread),
  bearer_token_file: field(unread),
  follow_redirects: field(bool, true),
  enable_http2: field(bool, true),
} satisfies Record<(typeof laterClientKeys)[number], unknown> & Record<string, unknown>;

const jobFields = {
  job_name: field(string),
  honor_labels: field(bool),
  honor_timestamps: field(bool, true),
  track_timestamps_staleness: field(bool, false),
  params: field(map(list(string))),
  ...sharedFields,
  fallback_scrape_protocol: field(string),
  metrics_path: field(string, '/metrics'),
  scheme: field(string, 'http'),
  enable_compression: field(bool, true),
  native_histogram_bucket_limit: field(uint),
  native_histogram_min_bucket_factor: field(float),
  ...clientFields,
  relabel_configs: omitEmpty(field(relabelConfigs('target relabeling rule in scrape config'))),
  metric_relabel_configs: omitEmpty(field(relabelConfigs('metric relabeling rule in scrape config'))),
  ...discoveryFields,
};

type Job = StructOf<typeof jobFields>;

/** A `scrape_configs` entry as it is written: what it leaves to `global` is still open. */
export const scrapeJob = struct('config.ScrapeConfig', jobFields, {check: checkJob});

/** A job with everything filled in. Times in ms, sizes in bytes, limits 0 = none. */
export type ScrapeConfig = Job & {
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  readonly extraScrapeMetrics: boolean;
  readonly metricNameValidationScheme: 'utf8' | 'legacy';
  readonly metricNameEscapingScheme: EscapingScheme;
  /** The protocol to assume for an answer without a usable Content-Type; '': such a scrape fails. */
  readonly fallbackScrapeProtocol: ScrapeProtocol | '';
};

function checkJob(job: Job): Job {
  if (job.jobName === '') throw new Error('job_name is empty');
  if (job.relabelConfigs.length === 0) checkStaticTargets(job);
  if (job.scheme !== 'http' && job.scheme !== 'https')
    throw new Error(`unknown scheme "${job.scheme}", want http or https`);
  return job;
}

/** Fill in what the job leaves to `defaults`; throws in upstream's words what can't be. */
export function completeJob(job: Job, defaults: ScrapeDefaults): ScrapeConfig {
  const forJob = `for scrape config with job name "${job.jobName}"`;
  const scrapeInterval = job.scrapeInterval || defaults.scrapeInterval;
  if (job.scrapeTimeout > scrapeInterval) throw new Error(`scrape timeout greater than scrape interval ${forJob}`);
  return {
    ...job,
    ...limitsOf(job, defaults),
    scrapeInterval,
    scrapeTimeout: job.scrapeTimeout || Math.min(defaults.scrapeTimeout, scrapeInterval),
    scrapeNativeHistograms: job.scrapeNativeHistograms ?? defaults.scrapeNativeHistograms,
    extraScrapeMetrics: job.extraScrapeMetrics ?? defaults.extraScrapeMetrics ?? false,
    scrapeFailureLogFile: job.scrapeFailureLogFile || defaults.scrapeFailureLogFile,
    scrapeProtocols: within(forJob, () => protocolsOf(job, defaults)),
    fallbackScrapeProtocol: fallbackOf(job, forJob),
    ...namingOf(job, defaults),
  };
}

function limitsOf(job: Job, defaults: ScrapeDefaults) {
  return {
    bodySizeLimit: job.bodySizeLimit || defaults.bodySizeLimit,
    sampleLimit: job.sampleLimit || defaults.sampleLimit,
    targetLimit: job.targetLimit || defaults.targetLimit,
    labelLimit: job.labelLimit || defaults.labelLimit,
    labelNameLengthLimit: job.labelNameLengthLimit || defaults.labelNameLengthLimit,
    labelValueLengthLimit: job.labelValueLengthLimit || defaults.labelValueLengthLimit,
    keepDroppedTargets: job.keepDroppedTargets || defaults.keepDroppedTargets,
  };
}

function protocolsOf(job: Job, defaults: ScrapeDefaults): readonly ScrapeProtocol[] {
  const native = job.scrapeNativeHistograms ?? defaults.scrapeNativeHistograms ?? false;
  const texts =
    job.scrapeProtocols ??
    defaults.scrapeProtocols ??
    (native ? PROTO_FIRST_SCRAPE_PROTOCOLS : DEFAULT_SCRAPE_PROTOCOLS);
  return checkProtocols(texts);
}

/** The protocols by name; throws when there is none, one that is unknown, or one twice. */
export function checkProtocols(texts: readonly string[]): readonly ScrapeProtocol[] {
  if (texts.length === 0) throw new Error('scrape_protocols cannot be empty');
  if (new Set(texts).size < texts.length)
    throw new Error(`duplicated protocol in scrape_protocols, got [${texts.join(' ')}]`);
  try {
    return texts.map(parseScrapeProtocol);
  } catch (error) {
    throw new Error(`scrape_protocols: ${(error as Error).message}`, {cause: error});
  }
}

function fallbackOf(job: Job, forJob: string): ScrapeProtocol | '' {
  if (job.fallbackScrapeProtocol === '') return '';
  try {
    return parseScrapeProtocol(job.fallbackScrapeProtocol);
  } catch (error) {
    throw new Error(`invalid fallback_scrape_protocol ${forJob}: ${(error as Error).message}`, {cause: error});
  }
}

const validations: ReadonlySet<string> = new Set(['utf8', 'legacy']);
const escapings: ReadonlySet<string> = new Set(['allow-utf-8', 'underscores', 'dots', 'values']);

/** Which names are valid, and how a target is asked to write others: the job's own choice, or that of `global`. */
function namingOf(job: Job, defaults: ScrapeDefaults) {
  const validation = job.metricNameValidationScheme || defaults.metricNameValidationScheme || 'utf8';
  if (!validations.has(validation)) {
    throw new Error(
      `unknown scrape config name validation method specified, must be either '', 'legacy' or 'utf8', got ${validation}`,
    );
  }
  const implied = validation === 'legacy' ? 'underscores' : 'allow-utf-8';
  const inherited = job.metricNameValidationScheme === '' ? defaults.metricNameEscapingScheme : '';
  const escaping = job.metricNameEscapingScheme || inherited || implied;
  if (!escapings.has(escaping)) {
    const known = "must be one of 'allow-utf-8', 'underscores', 'dots', or 'values'";
    throw new Error(`unknown scrape config name escaping method specified, ${known}, got "${escaping}"`);
  }
  if (escaping === 'allow-utf-8' && validation !== 'utf8') {
    throw new Error('utf8 metric names requested but validation scheme is not set to UTF8');
  }
  return {
    metricNameValidationScheme: validation as 'utf8' | 'legacy',
    metricNameEscapingScheme: escaping as EscapingScheme,
  };
}

function within<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${(error as Error).message} ${place}`, {cause: error});
  }
}

/** Keys of the job's HTTP client that are not acted on yet. */
export function unsupportedClientKeys(job: Job): string[] {
  const given = job as unknown as Readonly<Record<string, unknown>>;
  const camel = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return laterClientKeys.filter((key) => given[camel(key)] === true);
}

/** The job as YAML: what `/api/v1/scrape_pools/config` shows, and equal exactly for equal jobs. */
export const printJob = (job: Job): string => writeYaml(scrapeJob.encode(job));
