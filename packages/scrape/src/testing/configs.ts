import {parseDuration} from '@narthex/model/duration.ts';
import {decodeYaml} from '@narthex/yaml/decode.ts';
import {completeJob, type ScrapeConfig, scrapeJob, sharedFields} from '../config.ts';
import {struct} from '@narthex/yaml/struct.ts';

const DEFAULTS = {
  ...struct('defaults', sharedFields).zero(),
  scrapeInterval: parseDuration('15s'),
  scrapeTimeout: parseDuration('10s'),
};

/** A job as YAML says, with the usual defaults. */
export function jobOf(yaml: string, dir = ''): ScrapeConfig {
  return completeJob(decodeYaml(yaml, scrapeJob, {file: 'test.yml'}), DEFAULTS, dir);
}
