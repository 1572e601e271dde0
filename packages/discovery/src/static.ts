import type {DiscoveryConfig} from './config.ts';
import type {Discoverer} from './discoverer.ts';
import {addressTarget} from './target-group-yaml.ts';
import type {TargetGroup} from './target-group.ts';

/** Targets that the configuration names. */
export class StaticDiscoverer implements Discoverer {
  readonly #groups: readonly TargetGroup[];

  constructor(configs: DiscoveryConfig['staticConfigs']) {
    this.#groups = configs.map(({targets, labels}, i) => ({
      source: String(i),
      targets: targets.map(addressTarget),
      labels,
    }));
  }

  start(update: (groups: readonly TargetGroup[]) => void): void {
    update(this.#groups);
  }

  stop(): void {}
}
