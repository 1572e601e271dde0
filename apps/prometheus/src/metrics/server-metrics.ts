import type {Registry} from '@narthex/client/registry.ts';
import type {RequestMeter} from '../web/server.ts';
import {VERSION} from '../version.ts';

const DURATION_BUCKETS = [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120];
const SIZE_BUCKETS = [100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** What the main thread counts, under upstream's names. */
export class ServerMetrics implements RequestMeter {
  readonly #requests;
  readonly #requestSeconds;
  readonly #responseBytes;
  readonly #reloadSuccessful;
  readonly #reloadTime;
  readonly #ready;

  constructor(registry: Registry) {
    this.#requests = registry.counter({
      name: 'prometheus_http_requests_total',
      help: 'HTTP requests by handler and status code.',
      labels: ['handler', 'code'],
    });
    this.#requestSeconds = registry.histogram({
      name: 'prometheus_http_request_duration_seconds',
      help: 'Time to answer HTTP requests.',
      labels: ['handler'],
      buckets: DURATION_BUCKETS,
    });
    this.#responseBytes = registry.histogram({
      name: 'prometheus_http_response_size_bytes',
      help: 'Size of HTTP answers.',
      labels: ['handler'],
      buckets: SIZE_BUCKETS,
    });
    this.#reloadSuccessful = registry.gauge({
      name: 'prometheus_config_last_reload_successful',
      help: 'Whether the last configuration reload attempt was successful.',
    });
    this.#reloadTime = registry.gauge({
      name: 'prometheus_config_last_reload_success_timestamp_seconds',
      help: 'Time of the last successful configuration reload.',
    });
    this.#ready = registry.gauge({
      name: 'prometheus_ready',
      help: 'Whether start-up is done and queries can be answered.',
    });
    this.#addBuildInfo(registry);
  }

  requested(handler: string, status: number, seconds: number, bytes: number): void {
    this.#requests.labels(handler, status).inc();
    this.#requestSeconds.labels(handler).observe(seconds);
    this.#responseBytes.labels(handler).observe(bytes);
  }

  reloaded(successful: boolean): void {
    this.#reloadSuccessful.set(successful ? 1 : 0);
    if (successful) this.#reloadTime.setToCurrentTime();
  }

  ready(isReady: boolean): void {
    this.#ready.set(isReady ? 1 : 0);
  }

  #addBuildInfo(registry: Registry): void {
    registry
      .gauge({
        name: 'prometheus_build_info',
        help: 'Always 1; its labels say what is running.',
        labels: ['branch', 'goarch', 'goos', 'goversion', 'revision', 'tags', 'version'],
      })
      .labels({
        branch: '',
        goarch: process.arch,
        goos: process.platform,
        goversion: process.version,
        revision: '',
        tags: '',
        version: VERSION,
      })
      .set(1);
  }
}
