import {isDeepStrictEqual} from 'node:util';
import {checkStaticTargets, discoveryFields} from '@narthex/discovery/config.ts';
import type {EscapingScheme} from '@narthex/exposition/escaping.ts';
import {
  DEFAULT_SCRAPE_PROTOCOLS,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  parseScrapeProtocol,
  type ScrapeProtocol,
} from '@narthex/exposition/negotiation.ts';
import type {NameValidation} from '@narthex/model/labels.ts';
import {relabelConfigs, validateRelabelConfig} from '@narthex/relabel/config.ts';
import {list, map} from '@narthex/yaml/collections.ts';
import {bool, bytes, duration, float, string, uint} from '@narthex/yaml/scalars.ts';
import {field, omitEmpty, optional, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {writeYaml} from '@narthex/yaml/write.ts';
import {checkHttpClient, httpClientFields, joinDir, withFilesIn} from './http-client/config.ts';

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

/** The order is that of upstream's print. */
const jobFields = {
  job_name: field(string),
  honor_labels: field(bool),
  honor_timestamps: field(bool, true),
  track_timestamps_staleness: field(bool, false),
  params: field(map(list(string))),
  scrape_interval: sharedFields.scrape_interval,
  scrape_timeout: sharedFields.scrape_timeout,
  scrape_protocols: sharedFields.scrape_protocols,
  fallback_scrape_protocol: field(string),
  scrape_native_histograms: sharedFields.scrape_native_histograms,
  always_scrape_classic_histograms: sharedFields.always_scrape_classic_histograms,
  convert_classic_histograms_to_nhcb: sharedFields.convert_classic_histograms_to_nhcb,
  scrape_failure_log_file: sharedFields.scrape_failure_log_file,
  metrics_path: omitEmpty(field(string, '/metrics')),
  scheme: omitEmpty(field(string, 'http')),
  enable_compression: field(bool, true),
  body_size_limit: sharedFields.body_size_limit,
  sample_limit: sharedFields.sample_limit,
  target_limit: sharedFields.target_limit,
  label_limit: sharedFields.label_limit,
  label_name_length_limit: sharedFields.label_name_length_limit,
  label_value_length_limit: sharedFields.label_value_length_limit,
  native_histogram_bucket_limit: field(uint),
  native_histogram_min_bucket_factor: field(float),
  keep_dropped_targets: sharedFields.keep_dropped_targets,
  metric_name_validation_scheme: sharedFields.metric_name_validation_scheme,
  metric_name_escaping_scheme: sharedFields.metric_name_escaping_scheme,
  extra_scrape_metrics: sharedFields.extra_scrape_metrics,
  ...httpClientFields,
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
  readonly metricNameValidationScheme: NameValidation;
  readonly metricNameEscapingScheme: EscapingScheme;
  /** The protocol to assume for an answer without a usable Content-Type; '': such a scrape fails. */
  readonly fallbackScrapeProtocol: ScrapeProtocol | '';
};

function checkJob(job: Job): Job {
  if (job.jobName === '') throw new Error('job_name is empty');
  const checked = checkHttpClient(job);
  if (job.relabelConfigs.length === 0) checkStaticTargets(job);
  return checked;
}

/**
 * Fill in what the job leaves to `defaults`; names of files count from `dir`, the folder of the configuration. Throws in upstream's
 * words what can't be.
 */
export function completeJob(job: Job, defaults: ScrapeDefaults, dir = ''): ScrapeConfig {
  const forJob = `for scrape config with job name "${job.jobName}"`;
  const scrapeInterval = job.scrapeInterval || defaults.scrapeInterval;
  if (job.scrapeTimeout > scrapeInterval) throw new Error(`scrape timeout greater than scrape interval ${forJob}`);
  const naming = namingOf(job, defaults);
  const {metricNameValidationScheme: names} = naming;
  return {
    ...withFilesIn(dir, job),
    ...limitsOf(job, defaults),
    ...histogramsOf(job, defaults),
    scrapeInterval,
    scrapeTimeout: job.scrapeTimeout || Math.min(defaults.scrapeTimeout, scrapeInterval),
    extraScrapeMetrics: job.extraScrapeMetrics ?? defaults.extraScrapeMetrics ?? false,
    scrapeFailureLogFile: joinDir(dir, job.scrapeFailureLogFile || defaults.scrapeFailureLogFile),
    scrapeProtocols: within(forJob, () => protocolsOf(job, defaults)),
    fallbackScrapeProtocol: fallbackOf(job, forJob),
    ...naming,
    relabelConfigs: job.relabelConfigs.map((rule) => validateRelabelConfig(rule, names)),
    metricRelabelConfigs: job.metricRelabelConfigs.map((rule) => validateRelabelConfig(rule, names)),
  };
}

function histogramsOf(job: Job, defaults: ScrapeDefaults) {
  const {alwaysScrapeClassicHistograms: always, convertClassicHistogramsToNhcb: convert} = job;
  return {
    scrapeNativeHistograms: job.scrapeNativeHistograms ?? defaults.scrapeNativeHistograms,
    alwaysScrapeClassicHistograms: always ?? defaults.alwaysScrapeClassicHistograms ?? false,
    convertClassicHistogramsToNhcb: convert ?? defaults.convertClassicHistogramsToNhcb ?? false,
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
    metricNameValidationScheme: validation as NameValidation,
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

/** Whether two jobs are configured alike, secrets included. */
export function isSameJob(a: Job, b: Job): boolean {
  return printJob(a) === printJob(b) && isDeepStrictEqual(secretsOf(a), secretsOf(b));
}

/** The job as YAML, secrets masked. */
export const printJob = (job: Job): string => writeYaml(scrapeJob.encode(job));

/** What the print hides. */
const secretsOf = ({basicAuth, authorization, tlsConfig}: Job) => ({basicAuth, authorization, tlsConfig});
