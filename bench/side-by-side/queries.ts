// What both servers are asked. Both scraped the same targets, but not at the same moments: `absolute` and `relative` say how far the values
// may be apart for that reason. The clock of the node exporter, `node_time_seconds`, is a counter known to grow by one a second.

export interface Comparison {
  readonly query: string;
  /** Allowed difference: absolute + relative * the larger value. */
  readonly absolute: number;
  readonly relative: number;
}

const exact = (query: string): Comparison => ({query, absolute: 0, relative: 0});
const within = (absolute: number, ...queries: string[]): Comparison[] =>
  queries.map((query) => ({query, absolute, relative: 0}));
const part = (relative: number, absolute: number, ...queries: string[]): Comparison[] =>
  queries.map((query) => ({query, absolute, relative}));

const CPU = 'node_cpu_seconds_total';
const BUCKETS = 'prometheus_http_request_duration_seconds_bucket';

export const comparisons: readonly Comparison[] = [
  ...[
    'up',
    'up == 1',
    'up != bool 1',
    'up{job!~"node|none"} * 2',
    'prometheus_build_info',
    'node_memory_MemTotal_bytes',
    'node_memory_MemTotal_bytes > 1e3',
    'scalar(node_memory_MemTotal_bytes) * up',
    'absent(nothing{job="node"})',
    'absent(up)',
    'absent_over_time(nothing[20s])',
    'label_replace(up, "host", "$1", "instance", "(.*):.*")',
    'label_join(up, "both", "/", "job", "instance")',
    'up and on (job) prometheus_build_info',
    'up unless on (job) prometheus_build_info',
    'up{job="node"} or prometheus_build_info',
    'up * on (instance) group_left (nodename) node_uname_info',
    'avg_over_time(up[20s])',
    'min_over_time(up[20s])',
    'last_over_time(up[20s])',
    'present_over_time(up[20s])',
    'quantile_over_time(0.5, up[20s])',
    'stdvar_over_time(up[20s])',
    'resets(node_time_seconds[20s])',
    'count by (job) (up)',
    'group by (job, instance) ({__name__=~"node_.+"})',
    'count_values("value", up)',
    'quantile by (job) (0.5, up)',
    'max without (instance) (up)',
    'topk(2, process_start_time_seconds)',
    'bottomk(1, process_start_time_seconds)',
    'count by (job) (process_start_time_seconds == process_start_time_seconds)',
    'up offset 5s',
  ].map(exact),
  ...within(0.03, 'rate(node_time_seconds[20s])', 'deriv(node_time_seconds[20s])'),
  ...within(0.1, 'irate(node_time_seconds[20s])', 'idelta(node_time_seconds[20s])'),
  ...within(0.5, 'increase(node_time_seconds[20s])', 'delta(node_time_seconds[20s])'),
  ...within(
    0.1,
    'max_over_time(rate(node_time_seconds[10s])[20s:2s])',
    'min_over_time(irate(node_time_seconds[10s])[20s:])',
  ),
  ...within(
    1.3,
    'node_time_seconds',
    'node_time_seconds offset 10s',
    'timestamp(node_time_seconds)',
    'predict_linear(node_time_seconds[20s], 60)',
    'quantile_over_time(0.5, node_time_seconds[20s])',
    'max_over_time(node_time_seconds[20s] offset 5s)',
    'count_over_time(up[20s])',
    'sum_over_time(up[20s])',
    'changes(node_time_seconds[20s])',
  ),
  ...within(
    0.15,
    `rate(${CPU}[20s])`,
    `avg by (mode) (rate(${CPU}[20s]))`,
    `stddev without (cpu) (rate(${CPU}[20s]))`,
    'node_filesystem_avail_bytes / node_filesystem_size_bytes',
    'stddev_over_time(node_time_seconds[20s]) / 20',
  ),
  ...within(0.3, `sum by (instance, mode) (rate(${CPU}[20s]))`, `sum without (cpu) (rate(${CPU}[20s]))`),
  ...within(
    0.3,
    `sum without (cpu) (rate(${CPU}[20s])) / ignoring (mode) group_left sum without (cpu, mode) (rate(${CPU}[20s]))`,
  ),
  ...part(0.01, 2.5, `${CPU} * on (instance) group_left (nodename, release) node_uname_info`),
  ...part(0.25, 2e9, '{job="node", __name__=~"node_memory_.+"}'),
  // The system computes it anew every five seconds.
  ...part(0.25, 0.5, 'node_load1 * on (instance) group_left (nodename) node_uname_info'),
  ...part(0.02, 0, 'scrape_samples_scraped'),
  ...part(0.1, 10, 'rate(prometheus_tsdb_head_samples_appended_total[20s])'),
  ...part(0.1, 2, `${BUCKETS}{handler="/metrics"}`),
  ...part(0.3, 0.05, `histogram_quantile(0.9, sum by (job, le) (${BUCKETS}))`),
  ...part(0.3, 0.05, `histogram_quantile(0.5, ${BUCKETS}{handler="/metrics"})`),
  ...part(0.5, 0.05, `histogram_quantile(0.9, rate(${BUCKETS}{handler="/metrics"}[20s]))`),
];

/** Lists of the API: route and parameters. */
export const lists: readonly (readonly [route: string, parameters: Readonly<Record<string, string | string[]>>])[] = [
  ['labels', {}],
  ['labels', {'match[]': 'up'}],
  ['label/job/values', {}],
  ['label/mode/values', {'match[]': CPU}],
  ['label/le/values', {'match[]': `${BUCKETS}{handler="/metrics"}`}],
  ['label/__name__/values', {}],
  ['series', {'match[]': ['up', `${CPU}{mode="idle"}`]}],
  ['series', {'match[]': '{job="node"}'}],
];
