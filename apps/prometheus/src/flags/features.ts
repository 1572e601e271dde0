import type {Logger} from '../log/logger.ts';

/** What a name of `--enable-feature` does here. */
export interface Feature {
  readonly name: string;
  /** `later`: recognised, but nothing comes of it yet. `none`: nothing comes of it upstream either. */
  readonly effect: 'active' | 'later' | 'none';
  /** The line of the log when it is given: upstream's, where it does what it does upstream. */
  readonly notice: string;
  /** What of it has no effect yet. */
  readonly missing?: string;
}

const active = (name: string, notice: string, missing?: string): Feature => ({
  name,
  effect: 'active',
  notice,
  ...(missing !== undefined && {missing}),
});
const useless = (name: string, notice: string): Feature => ({name, effect: 'none', notice});
const later = (name: string): Feature => ({
  name,
  effect: 'later',
  notice: 'This option for --enable-feature has no effect yet',
});

const PERMANENT = 'This option for --enable-feature is now permanently enabled and therefore a no-op.';

/** Every feature of Prometheus 3.14 (setFeatureListOptions in cmd/prometheus/main.go). */
export const featureTable: readonly Feature[] = [
  active('promql-experimental-functions', 'Experimental PromQL functions enabled.'),
  active('promql-delayed-name-removal', 'Experimental PromQL delayed name removal enabled.'),
  active('promql-extended-range-selectors', 'Experimental PromQL extended range selectors enabled.'),
  active('promql-binop-fill-modifiers', 'Experimental PromQL binary operator fill modifiers enabled.'),
  active('use-start-timestamps', 'Experimental usage of start timestamps in PromQL engine is enabled.'),
  active('type-and-unit-labels', 'Experimental type and unit labels enabled', 'labels from scraping and remote write'),
  active('promql-per-step-stats', 'Experimental per-step statistics reporting'),
  useless('promql-duration-expr', PERMANENT),
  useless('ooo-native-histograms', PERMANENT),
  useless(
    'native-histograms',
    'This option for --enable-feature is a no-op. To scrape native histograms, set the scrape_native_histograms scrape config setting to true.',
  ),
  later('exemplar-storage'),
  later('memory-snapshot-on-shutdown'),
  later('extra-scrape-metrics'),
  later('metadata-wal-records'),
  later('auto-reload-config'),
  later('concurrent-rule-eval'),
  later('created-timestamp-zero-ingestion'),
  later('xor2-encoding'),
  later('histograms-st-encoding'),
  later('st-synthesis'),
  later('st-storage'),
  later('delayed-compaction'),
  later('old-ui'),
  later('otlp-deltatocumulative'),
  later('otlp-native-delta-ingestion'),
  later('use-uncached-io'),
  later('fast-startup'),
  later('search-api'),
];

const byName = new Map(featureTable.map((feature) => [feature.name, feature]));

/** What is wrong with these features together; undefined when nothing is. */
export function featureConflict(given: readonly string[]): string | undefined {
  return given.includes('otlp-deltatocumulative') && given.includes('otlp-native-delta-ingestion')
    ? 'cannot enable otlp-deltatocumulative and otlp-native-delta-ingestion features at the same time'
    : undefined;
}

/** One line of the log for each feature that was asked for: what it turns on, or that it turns on nothing. */
export function announceFeatures(given: readonly string[], log: Logger): void {
  for (const option of given) {
    const feature = byName.get(option);
    if (!feature) log.warn('Unknown option for --enable-feature', {option});
    else if (feature.effect === 'active') log.info(feature.notice, {not_yet: feature.missing});
    else log.warn(feature.notice, {option});
  }
}
