import type {Job} from './messages.ts';

const JOBS_MAX = 1000;
/** Longer parameters are not worth their memory. */
const KEY_CHARACTERS_MAX = 4096;

/**
 * Tells long jobs from short ones before they run: by what they took the last time, for a dashboard asks the same again and again; else a
 * query over a range is presumed long and everything else short.
 */
export class KnownCosts {
  readonly #longSeconds: number;
  /** Keys of jobs that were not as presumed, the one noted last at the end. */
  readonly #surprises = new Set<string>();

  /** A job is long from `longSeconds` of processor time on. */
  constructor(longSeconds: number) {
    this.#longSeconds = longSeconds;
  }

  isLong(job: Job): boolean {
    return presumedLong(job) !== this.#surprises.has(keyOf(job));
  }

  /** Remember what `job` took. */
  note(job: Job, cpuSeconds: number): void {
    const key = keyOf(job);
    this.#surprises.delete(key);
    if (cpuSeconds >= this.#longSeconds === presumedLong(job) || key.length > KEY_CHARACTERS_MAX) return;
    this.#surprises.add(key);
    if (this.#surprises.size > JOBS_MAX) this.#surprises.delete(this.#surprises.values().next().value!);
  }
}

const presumedLong = (job: Job): boolean => job.endpoint === 'query_range';

/** The job but for its times, which move on with every refresh of a dashboard. */
function keyOf({endpoint, parameters, path}: Job): string {
  const kept = parameters.split('&').filter((each) => !/^(?:start|end|time|_)=/.test(each));
  return [endpoint, path['name'] ?? '', ...kept].join('&');
}
