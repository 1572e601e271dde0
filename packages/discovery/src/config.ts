import {list} from '@narthex/yaml/collections.ts';
import {refine} from '@narthex/yaml/custom.ts';
import {duration, string} from '@narthex/yaml/scalars.ts';
import {field, omitEmpty, required, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {unread, unreadKeys} from '@narthex/yaml/unread.ts';
import {staticGroup} from './target-group-yaml.ts';

const FILE_PATTERN = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;
const FIVE_MINUTES = 5 * 60 * 1000;

const pattern = refine(
  string,
  (text) => {
    if (!FILE_PATTERN.test(text)) throw new Error(`path name "${text}" is not valid for file discovery`);
    return text;
  },
  (text) => text,
);

const fileConfig = struct(
  'file.plain',
  {files: required(list(pattern)), refresh_interval: field(duration, FIVE_MINUTES)},
  {
    check: (value) => {
      if (value.files.length === 0)
        throw new Error('file service discovery config must contain at least one path name');
      return value;
    },
  },
);

/** Mechanisms whose configuration is recognised and that find no targets yet. */
const laterMechanisms = [
  'aws',
  'azure',
  'consul',
  'digitalocean',
  'dns',
  'docker',
  'dockerswarm',
  'ec2',
  'ecs',
  'elasticache',
  'eureka',
  'gce',
  'hetzner',
  'http',
  'ionos',
  'kubernetes',
  'kuma',
  'lightsail',
  'linode',
  'marathon',
  'msk',
  'nerve',
  'nomad',
  'oci',
  'openstack',
  'outscale',
  'ovhcloud',
  'puppetdb',
  'rds',
  'scaleway',
  'serverset',
  'stackit',
  'triton',
  'uyuni',
  'vultr',
] as const;

type LaterKey = `${(typeof laterMechanisms)[number]}_sd_configs`;

const laterFields = Object.fromEntries(laterMechanisms.map((name) => [`${name}_sd_configs`, field(unread)])) as Record<
  LaterKey,
  ReturnType<typeof field<boolean>>
>;

/** The keys of a job that say where its targets come from; spread into the job's own. */
export const discoveryFields = {
  ...laterFields,
  static_configs: omitEmpty(field(list(staticGroup))),
  file_sd_configs: omitEmpty(field(list(fileConfig))),
};

export type DiscoveryConfig = Pick<StructOf<typeof discoveryFields>, 'staticConfigs' | 'fileSdConfigs'>;

/** Keys in `config` of mechanisms that find no targets yet. */
export function unsupportedMechanisms(config: StructOf<typeof discoveryFields>): string[] {
  return unreadKeys(config, Object.keys(laterFields));
}

/** Throws when a target has a path in its address: it belongs into `metrics_path`. */
export function checkStaticTargets(config: Pick<DiscoveryConfig, 'staticConfigs'>): void {
  for (const {targets} of config.staticConfigs) {
    for (const address of targets) if (address.includes('/')) throw new Error(`"${address}" is not a valid hostname`);
  }
}
