import {hostname} from 'node:os';
import {parseDuration} from '@narthex/model/duration.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {ScrapeConfig} from './config.ts';
import {offsetSeed, targetHash} from './schedule.ts';
import {publicLabels, UNIX_SOCKET_LABEL} from './target-labels.ts';
import {targetUrl} from './target-url.ts';

export type TargetHealth = 'unknown' | 'up' | 'down';

/** One endpoint to scrape, and how its last scrape went. */
export class Target {
  /** All labels after relabelling, those that begin with `__` too. */
  readonly labels: Labels;
  /** Those that its samples get. */
  readonly publicLabels: Labels;
  readonly url: string;
  /** Path of the Unix socket that it listens on, '' for none. */
  readonly socketPath: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Two discovered targets with the same hash are one. */
  readonly hash: bigint;
  /** Labels before relabelling; a later discovery may change them. */
  discovered: Labels;
  health: TargetHealth = 'unknown';
  /** What went wrong in the last scrape, '' when nothing did. */
  lastError = '';
  /** The time of the last scrape, ms since the epoch; undefined before the first. */
  lastScrapeMs: number | undefined;
  lastScrapeSeconds = 0;

  /** `labels` as `targetLabels` gives them, checked. */
  constructor(config: ScrapeConfig, labels: Labels, discovered: Labels) {
    this.labels = labels;
    this.publicLabels = publicLabels(labels);
    this.url = targetUrl(config.params, labels);
    this.socketPath = labels.get(UNIX_SOCKET_LABEL);
    this.intervalMs = parseDuration(labels.get('__scrape_interval__'));
    this.timeoutMs = parseDuration(labels.get('__scrape_timeout__'));
    this.hash = targetHash(labels, this.url);
    this.discovered = discovered;
  }

  report(timeMs: number, seconds: number, error: Error | undefined): void {
    this.lastScrapeMs = timeMs;
    this.lastScrapeSeconds = seconds;
    this.health = error ? 'down' : 'up';
    this.lastError = error?.message ?? '';
  }
}

/** The seed of this machine for the places of targets in their intervals. */
export const seedOf = (externalLabels: Labels): bigint => offsetSeed(hostname(), externalLabels);
