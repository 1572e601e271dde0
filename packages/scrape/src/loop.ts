import {Ticks} from './schedule.ts';

export interface LoopOptions {
  readonly intervalMs: number;
  /** How long to wait before the first scrape. */
  readonly firstDelayMs: number;
  readonly timestampToleranceMs: number;
  /** One scrape; its samples get the time `timeMs`. Never rejects. */
  readonly scrape: (timeMs: number) => Promise<void>;
  /** End all series of the target as of `timeMs`: called some time after the loop was stopped for good. */
  readonly end: (timeMs: number) => void;
}

/** What a timer takes; longer pauses are several. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The rhythm of one target: a scrape each interval, never two at once, missed ticks skipped. */
export class ScrapeLoop {
  readonly #options: LoopOptions;
  readonly #stopped = new AbortController();
  readonly #abandoned = new AbortController();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Resolves when the loop is stopped and has no more to write. */
  async run(): Promise<void> {
    const {intervalMs, firstDelayMs, timestampToleranceMs, scrape} = this.#options;
    // Stopped before its first scrape a loop has nothing to end.
    if (!(await this.#pause(firstDelayMs, this.#stopped.signal))) return;
    const ticks = new Ticks(Date.now(), intervalMs, timestampToleranceMs);
    do await scrape(ticks.scrapeTime(Date.now()));
    while (await this.#pause(ticks.delay(Date.now()), this.#stopped.signal));
    await this.#end(ticks);
  }

  /** The target is gone: a scrape at work is finished, and its series end after two more intervals, unless it comes back before. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Stop without ending the series: the server stops. */
  abandon(): void {
    this.#abandoned.abort();
    this.#stopped.abort();
  }

  /** Whether nothing may be written any more. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted;
  }

  /** As upstream: the time of the first missed scrape, written after the second one and a tenth of the interval. */
  async #end(ticks: Ticks): Promise<void> {
    const {intervalMs, end} = this.#options;
    const {signal} = this.#abandoned;
    if (!(await this.#pause(ticks.delay(Date.now()), signal))) return;
    const staleMs = Date.now();
    if (await this.#pause(intervalMs * 1.1, signal)) end(staleMs);
  }

  /** False when `signal` cut it short. */
  async #pause(ms: number, signal: AbortSignal): Promise<boolean> {
    for (let rest = ms; rest > 0 && !signal.aborted; rest -= TIMER_MS_MAX) {
      await sleep(Math.min(rest, TIMER_MS_MAX), signal);
    }
    return !signal.aborted;
  }
}

/** Resolves after `ms`, or as soon as `signal` says. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
