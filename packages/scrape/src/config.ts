import type {RelabelConfig} from '@narthex/relabel/config.ts';
import type {DiscoveryConfig} from '@narthex/discovery/config.ts';

/** Protocols in the order of preference in which a target is asked for them. */
export type ScrapeProtocol =
  | 'PrometheusProto'
  | 'OpenMetricsText1.0.0'
  | 'OpenMetricsText0.0.1'
  | 'PrometheusText1.0.0'
  | 'PrometheusText0.0.4';

/** How one job is scraped: a `scrape_configs` entry with the global settings filled in. Times in ms, sizes in bytes, limits 0 = none. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  /** The protocol to assume for an answer without a usable Content-Type; empty: such a scrape fails. */
  readonly fallbackScrapeProtocol: ScrapeProtocol | '';
  readonly enableCompression: boolean;
  readonly followRedirects: boolean;
  readonly bodySizeLimit: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly keepDroppedTargets: number;
  readonly metricNameValidation: 'utf8' | 'legacy';
  readonly metricNameEscaping: 'allow-utf-8' | 'underscores' | 'dots' | 'values';
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly metricRelabelConfigs: readonly RelabelConfig[];
  readonly discovery: DiscoveryConfig;
}
