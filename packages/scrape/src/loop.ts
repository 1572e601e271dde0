import {setTimeout as sleep} from 'node:timers/promises';
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

/** The rhythm of one target: a scrape each interval, never two at once, missed ticks skipped. */
export class ScrapeLoop {
  readonly #options: LoopOptions;
  readonly #stopped = new AbortController();
  readonly #abandoned = new AbortController();
  #scraped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Resolves when the loop is stopped and has no more to write. */
  async run(): Promise<void> {
    const {intervalMs, firstDelayMs, timestampToleranceMs, scrape} = this.#options;
    if (!(await this.#pause(firstDelayMs, this.#stopped.signal))) return;
    const ticks = new Ticks(now(), intervalMs, timestampToleranceMs);
    while (!this.#stopped.signal.aborted) {
      this.#scraped = true;
      await scrape(ticks.scrapeTime(now()));
      if (!(await this.#pause(ticks.delay(now()), this.#stopped.signal))) break;
    }
    await this.#end(ticks);
  }

  /** The target is gone: its series end after two more intervals, unless it comes back before. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Stop without ending the series: the server stops, or another loop goes on with them. */
  abandon(): void {
    this.#abandoned.abort();
    this.#stopped.abort();
  }

  /** As upstream: the time of the first missed scrape, written after the second one and a tenth of the interval. */
  async #end(ticks: Ticks): Promise<void> {
    const {intervalMs, end} = this.#options;
    const {signal} = this.#abandoned;
    if (!this.#scraped || !(await this.#pause(ticks.delay(now()), signal))) return;
    const staleMs = Math.trunc(now());
    if (await this.#pause(intervalMs * 1.1, signal)) end(staleMs);
  }

  /** False when `signal` cut it short. */
  async #pause(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await sleep(ms, undefined, {signal});
      return !signal.aborted;
    } catch {
      return false;
    }
  }
}

/** Wall clock in ms with fractions. */
const now = (): number => Date.now();
