import type {TargetGroup} from './target-group.ts';

/** Where a mechanism says what an operator should know. */
export type DiscoveryLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void;

/**
 * One mechanism at work for one job. `start` gives what it finds, at once and whenever it changes: only groups that are new or changed, a group
 * without targets for one that is gone. A failure keeps what was found before.
 */
export interface Discoverer {
  start(update: (groups: readonly TargetGroup[]) => void): void;
  stop(): void;
}
