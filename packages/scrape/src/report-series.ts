import {type Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import type {SeriesRef, SeriesSlot} from '@narthex/tsdb/head/types.ts';
import type {Staging} from '@narthex/tsdb/head/staging.ts';
import type {ScrapeConfig} from './config.ts';
import type {SampleStore} from './sample-store.ts';

/** How a scrape went; written as the target's own series. */
export interface ScrapeReport {
  readonly up: boolean;
  readonly durationSeconds: number;
  /** Sample lines in the body. */
  readonly scraped: number;
  /** Of them, those that relabelling kept. */
  readonly kept: number;
  readonly seriesAdded: number;
  /** Uncompressed size of the body, -1 when it was over its limit, 0 when there is none. */
  readonly bodyBytes: number;
}

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
const EXTRA_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;
const ALL_NAMES = [...NAMES, ...EXTRA_NAMES];

interface Series {
  readonly slot: SeriesSlot;
  readonly ref: SeriesRef;
}

/** The series that say how the scrapes of one target went. They have the target's labels, and are not relabelled. */
export class ReportSeries {
  readonly #store: SampleStore;
  readonly #isRefusal: (error: unknown) => boolean;
  readonly #target: Labels;
  readonly #series: (Series | undefined)[] = ALL_NAMES.map(() => undefined);
  /** How many of the series have samples since they began, or ended last. */
  #live = 0;

  /** `isRefusal` tells an error of the store that means: no room for this series. */
  constructor(store: SampleStore, isRefusal: (error: unknown) => boolean, target: Labels) {
    this.#store = store;
    this.#isRefusal = isRefusal;
    this.#target = target;
  }

  /** Stage the report of a scrape; ends what is no longer reported. Returns what is to be called when it was stored. */
  stage(staging: Staging, report: ScrapeReport, timeMs: number, config: ReportConfig): () => void {
    const values = valuesOf(report, config);
    for (const [i, value] of values.entries()) {
      const series = this.#get(i);
      if (series) staging.add(series.slot, timeMs, value);
    }
    this.#stageEnd(staging, timeMs, values.length);
    return () => (this.#live = values.length);
  }

  /** Stage the end of all series; returns what is to be called when it was stored. */
  stageEnd(staging: Staging, timeMs: number): () => void {
    this.#stageEnd(staging, timeMs, 0);
    return () => (this.#live = 0);
  }

  /** Series were removed from the store: forget those of ours. */
  forgetRemoved(): void {
    for (const [i, series] of this.#series.entries()) {
      if (series && !this.#store.has(series.slot, series.ref)) this.#series[i] = undefined;
    }
  }

  #stageEnd(staging: Staging, timeMs: number, from: number): void {
    for (const series of this.#series.slice(from, this.#live)) if (series) staging.addStale(series.slot, timeMs);
  }

  /** Undefined when there is no room for it. */
  #get(i: number): Series | undefined {
    this.#series[i] ??= this.#make(ALL_NAMES[i]!);
    return this.#series[i];
  }

  #make(name: string): Series | undefined {
    try {
      const slot = this.#store.getOrCreate(new LabelsBuilder(this.#target).set(METRIC_NAME, name).labels());
      return {slot, ref: this.#store.ref(slot)};
    } catch (error) {
      if (this.#isRefusal(error)) return undefined;
      throw error;
    }
  }
}

/** What of a job's configuration the report depends on. */
export type ReportConfig = Pick<ScrapeConfig, 'extraScrapeMetrics' | 'sampleLimit'> & {readonly timeoutMs: number};

/** In the order of the names. */
function valuesOf(report: ScrapeReport, config: ReportConfig): number[] {
  const values = [Number(report.up), report.durationSeconds, report.scraped, report.kept, report.seriesAdded];
  if (config.extraScrapeMetrics) values.push(config.timeoutMs / 1000, config.sampleLimit, report.bodyBytes);
  return values;
}
