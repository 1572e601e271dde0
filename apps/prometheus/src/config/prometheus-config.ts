import {isLabelNameUnder, Labels} from '@narthex/model/labels.ts';
import {checkProtocols, completeJob, scrapeJob, type ScrapeConfig, sharedFields} from '@narthex/scrape/config.ts';
import {joinDir} from '@narthex/scrape/http-client/config.ts';
import {list, stringMap} from '@narthex/yaml/collections.ts';
import {nullable, refine} from '@narthex/yaml/custom.ts';
import {decodeYaml} from '@narthex/yaml/decode.ts';
import {duration, string} from '@narthex/yaml/scalars.ts';
import {field, omitEmpty, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {unread, unreadKeys} from '@narthex/yaml/unread.ts';
import {writeYaml} from '@narthex/yaml/write.ts';
import {laterStorageKeys, type StorageConfig, storageConfig, storageSection} from './storage-config.ts';

const ONE_MINUTE = 60_000;
const TEN_SECONDS = 10_000;

const externalLabels = refine(
  stringMap,
  (entries) => Labels.of(Array.from(entries, ([name, value]) => [name, expandEnvironment(value)] as const)),
  (labels) => new Map(labels.entries()),
);

/** `$name` and `${name}` become what the environment says, nothing where it says nothing; `$$` is a dollar. */
function expandEnvironment(text: string): string {
  return text.replace(/\$(?:\$|(\w+)|\{([^}]*)\})/g, (whole, bare?: string, braced?: string) =>
    whole === '$$' ? '$' : (process.env[bare ?? braced ?? ''] ?? ''),
  );
}

const globalFields = {
  ...sharedFields,
  evaluation_interval: field(duration),
  rule_query_offset: field(duration),
  external_labels: field(externalLabels),
  query_log_file: field(string),
};

type Global = StructOf<typeof globalFields>;

const globalConfig = struct('config.plain', globalFields, {goType: 'config.GlobalConfig', check: completeGlobal});

function completeGlobal(global: Global): Global {
  const scrapeInterval = global.scrapeInterval || ONE_MINUTE;
  if (global.scrapeTimeout > scrapeInterval) throw new Error('global scrape timeout greater than scrape interval');
  const validation = global.metricNameValidationScheme === 'legacy' ? 'legacy' : 'utf8';
  for (const [name] of global.externalLabels.entries()) {
    if (!isLabelNameUnder(validation, name)) throw new Error(`"${name}" is not a valid label name`);
  }
  if (global.scrapeProtocols) checkGlobalProtocols(global.scrapeProtocols);
  return {
    ...global,
    scrapeInterval,
    scrapeTimeout: global.scrapeTimeout || Math.min(TEN_SECONDS, scrapeInterval),
    evaluationInterval: global.evaluationInterval || ONE_MINUTE,
  };
}

function checkGlobalProtocols(texts: readonly string[]): void {
  try {
    checkProtocols(texts);
  } catch (error) {
    throw new Error(`${(error as Error).message} for global config`, {cause: error});
  }
}

/** Parts of the file that are recognised and not acted on yet. */
const laterSections = ['rule_files', 'alerting', 'remote_write', 'remote_read', 'otlp', 'tracing', 'runtime'] as const;

const rootFields = {
  global: field(globalConfig, () => completeGlobal(globalConfig.zero())),
  runtime: field(unread),
  alerting: field(unread),
  rule_files: field(unread),
  scrape_config_files: omitEmpty(field(list(string))),
  scrape_configs: omitEmpty(field(list(nullable(scrapeJob)))),
  storage: field(storageSection),
  tracing: field(unread),
  remote_write: field(unread),
  remote_read: field(unread),
  otlp: field(unread),
};

const rootConfig = struct('config.plain', rootFields, {goType: 'config.Config'});
type Root = StructOf<typeof rootFields>;

/** A file of `scrape_config_files`. */
const scrapeFile = struct('config.ScrapeConfigs', {scrape_configs: field(list(nullable(scrapeJob)))});

/** A configuration that is whole and checked. */
export interface PrometheusConfig {
  readonly global: Global;
  readonly jobs: readonly JobConfig[];
  readonly storage: StorageConfig;
  /** Parts that are there and not acted on yet. */
  readonly later: readonly string[];
  /** The configuration in force as YAML: defaults filled in, secrets masked. */
  readonly printed: string;
}

export interface JobConfig {
  readonly config: ScrapeConfig;
  /** What relative file names of the job count from. */
  readonly baseDir: string;
}

/** Text of a file with where it came from. */
export interface ConfigFile {
  readonly file: string;
  readonly dir: string;
  readonly text: string;
}

type Job = Root['scrapeConfigs'][number];

/**
 * Read a configuration; `scrapeFiles` gives the files that match a pattern of `scrape_config_files`, sorted. Throws an Error that names file, line and key.
 */
export function readConfig(
  main: ConfigFile,
  scrapeFiles: (pattern: string) => readonly ConfigFile[],
): PrometheusConfig {
  const read = decodeYaml(main.text, rootConfig, {file: main.file});
  const root = {...read, global: {...read.global, queryLogFile: joinDir(main.dir, read.global.queryLogFile)}};
  const jobs: JobConfig[] = [];
  const firstFile = new Map<string, string>();
  const add = (job: Job, from: ConfigFile) => jobs.push(completed(job, from, root.global, firstFile));
  for (const job of root.scrapeConfigs) add(job, main);
  for (const pattern of root.scrapeConfigFiles) {
    for (const file of scrapeFiles(pattern)) {
      for (const job of decodeYaml(file.text, scrapeFile, {file: file.file}).scrapeConfigs) add(job, file);
    }
  }
  const later = [...unreadKeys(root, laterSections), ...laterStorageKeys(root.storage)];
  const print = () => writeYaml(rootConfig.encode({...root, scrapeConfigs: jobs.map(({config}) => config)}));
  let printed: string | undefined;
  return {
    global: root.global,
    jobs,
    storage: storageConfig(root.storage),
    later,
    get printed() {
      return (printed ??= print());
    },
  };
}

function completed(job: Job, from: ConfigFile, global: Global, firstFile: Map<string, string>): JobConfig {
  if (job === null) throw new Error(`${from.file}: empty or null scrape config section`);
  const first = firstFile.get(job.jobName);
  if (first !== undefined) {
    const where = first === from.file ? '' : `, first found in ${first}`;
    throw new Error(`${from.file}: found multiple scrape configs with job name "${job.jobName}"${where}`);
  }
  firstFile.set(job.jobName, from.file);
  try {
    return {config: completeJob(job, global, from.dir), baseDir: from.dir};
  } catch (error) {
    throw new Error(`${from.file}: ${(error as Error).message}`, {cause: error});
  }
}
