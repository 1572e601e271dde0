import {write, type WrittenSeries} from '../support/remote-write.ts';

const STEP_MS = 15_000;
const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1.0', '2.5', '5.0', '10.0', '+Inf'];
const HANDLERS = Array.from({length: 12}, (_, i) => `/api/v${1 + (i % 2)}/things-${i}`);
const METHODS = ['GET', 'POST'];
const CODES = ['200', '404', '500'];
/** Samples of one series in one request. */
const BLOCK = 240;

/** Label sets of an application with `instances` instances: 216 series each, mostly buckets of histograms. */
function labelSets(instances: number): Record<string, string>[] {
  return Array.from({length: instances}, (_, i) => ({
    job: 'api',
    instance: `api-${String(i).padStart(2, '0')}:8080`,
  })).flatMap((common) =>
    HANDLERS.flatMap((handler) => [
      ...BUCKETS.map((le) => ({__name__: 'http_request_duration_seconds_bucket', ...common, handler, le})),
      ...METHODS.flatMap((method) =>
        CODES.map((code) => ({__name__: 'http_requests_total', ...common, handler, method, code})),
      ),
    ]),
  );
}

/** Load `hours` hours of samples every 15 s, up to now, for some `instances` * 216 series; returns how many series and samples. */
export async function loadHistory(
  url: string,
  instances: number,
  hours: number,
): Promise<{series: number; samples: number}> {
  const sets = labelSets(instances);
  const counters = new Float64Array(sets.length);
  const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const steps = Math.floor((hours * 3_600_000) / STEP_MS);
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  for (let first = 0; first < steps; first += BLOCK) {
    const times = Array.from({length: Math.min(BLOCK, steps - first)}, (_, k) => endMs - (steps - first - k) * STEP_MS);
    const series = sets.map((labels, s): WrittenSeries => ({
      labels,
      times,
      values: Float64Array.from(times, () => (counters[s]! += Math.floor(random() * (1 + (s % 12)) * 10))),
    }));
    for (let from = 0; from < series.length; from += 250) await write(url, series.slice(from, from + 250));
  }
  return {series: sets.length, samples: sets.length * steps};
}
