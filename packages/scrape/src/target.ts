import {hostname} from 'node:os';
import type {Labels} from '@narthex/model/labels.ts';
import {offsetSeed} from './schedule.ts';
import {publicLabels} from './target-labels.ts';

export type TargetHealth = 'unknown' | 'up' | 'down';

/** One endpoint to scrape, and how its last scrape went. */
export class Target {
  /** All labels after relabelling, those that begin with `__` too. */
  readonly labels: Labels;
  /** Those that its samples get. */
  readonly publicLabels: Labels;
  readonly url: URL;
  /** Two discovered targets with the same hash are one. */
  readonly hash: bigint;
  /** Labels before relabelling; a later discovery may change them. */
  discovered: Labels;
  health: TargetHealth = 'unknown';
  /** What went wrong in the last scrape, '' when nothing did. */
  lastError = '';
  /** When the last scrape began, ms since the epoch; undefined before the first. */
  lastScrapeMs: number | undefined;
  lastScrapeSeconds = 0;

  constructor(labels: Labels, url: URL, hash: bigint, discovered: Labels) {
    this.labels = labels;
    this.publicLabels = publicLabels(labels);
    this.url = url;
    this.hash = hash;
    this.discovered = discovered;
  }

  report(startMs: number, seconds: number, error: Error | undefined): void {
    this.lastScrapeMs = startMs;
    this.lastScrapeSeconds = seconds;
    this.health = error ? 'down' : 'up';
    this.lastError = error?.message ?? '';
  }
}

/** The seed of this machine for the places of targets in their intervals. */
export const seedOf = (externalLabels: Labels): bigint => offsetSeed(hostname(), externalLabels);
