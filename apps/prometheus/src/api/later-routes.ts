import {ApiError} from '@narthex/http/errors.ts';
import type {WebServer} from '../web/server.ts';

const READ = ['GET'];
const ASK = ['GET', 'POST'];

/** Upstream's routes whose feature is not there yet: they say so, rather than that nothing is found. */
const routes: readonly [path: string, methods: readonly string[], feature: string][] = [
  ['/api/v1/query_exemplars', ASK, 'exemplars are'],
  ['/api/v1/rules', READ, 'rules are'],
  ['/api/v1/alerts', READ, 'alerts are'],
  ['/api/v1/alertmanagers', READ, 'sending alerts is'],
  ['/api/v1/scrape_pools/config', READ, 'the configuration of one scrape pool is'],
  ['/api/v1/targets/relabel_steps', READ, 'showing relabelling step by step is'],
  ['/api/v1/status/self_metrics', READ, 'metrics of the server as JSON are'],
  ['/api/v1/features', READ, 'the list of features is'],
  ['/api/v1/notifications', READ, 'notifications are'],
  ['/api/v1/notifications/live', READ, 'notifications are'],
  ['/api/v1/read', ['POST'], 'remote read is'],
  ['/api/v1/otlp/v1/metrics', ['POST'], 'OTLP is'],
  ['/api/v1/search/metric_names', ASK, 'search is'],
  ['/api/v1/search/label_names', ASK, 'search is'],
  ['/api/v1/search/label_values', ASK, 'search is'],
  ['/federate', READ, 'federation is'],
];

const NOT_IMPLEMENTED = 501;

export function addLaterRoutes(server: WebServer): void {
  for (const [path, methods, feature] of routes) {
    server.route(methods, path, () => {
      throw new ApiError('unavailable', `${feature} not supported yet`, {status: NOT_IMPLEMENTED});
    });
  }
}
