import type {Labels} from '@narthex/model/labels.ts';

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const encoder = new TextEncoder();
/** Timers may fire so much before their time. */
const EARLY_MS = 1;

/** FNV-1a, 64 bits, of the UTF-8 of `text`. */
function fnv64(text: string): bigint {
  let hash = FNV_OFFSET;
  for (const byte of encoder.encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}

/** Names a target: two discovered targets with the same labels and URL are one. As upstream's, so that scrapes keep their place in time. */
export function targetHash(labels: Labels, url: string): bigint {
  return fnv64(labels.hash().toString().padStart(16, '0') + url);
}

/** Sets servers with other names or external labels apart in time, so that replicas do not scrape a target at the same moment. */
export function offsetSeed(hostname: string, externalLabels: Labels): bigint {
  return fnv64(`${hostname}${externalLabels}`);
}

/** How long from `nowMs` to a target's next scrape: its place in the interval depends on its hash alone, so a restart does not move it. */
export function firstScrapeDelay(hash: bigint, seed: bigint, intervalMs: number, nowMs: number): number {
  const nanoseconds = BigInt(Math.round(intervalMs * 1e6));
  const offsetMs = Number((hash ^ seed) % nanoseconds) / 1e6;
  const next = intervalMs - (nowMs % intervalMs) + offsetMs;
  return next > intervalMs ? next - intervalMs : next;
}

/**
 * The ticks of one target: every `intervalMs` from the first one on. A tick that comes while the one before is still at work is skipped,
 * never caught up. Times are ms of the wall clock.
 */
export class Ticks {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** The ideal time of the last tick. */
  #alignedMs: number;

  /** `toleranceMs` is how late a scrape may be and still get its ideal time; at most 1 % of the interval counts. */
  constructor(firstMs: number, intervalMs: number, toleranceMs: number) {
    this.#alignedMs = firstMs;
    this.#intervalMs = intervalMs;
    this.#toleranceMs = Math.min(toleranceMs, intervalMs / 100);
  }

  /** The time that the samples of a scrape at `nowMs` get: whole milliseconds. A timer that fires a little early counts as its tick. */
  scrapeTime(nowMs: number): number {
    const missed = Math.floor((nowMs - this.#alignedMs + EARLY_MS) / this.#intervalMs);
    if (missed > 0) this.#alignedMs += missed * this.#intervalMs;
    const late = nowMs - this.#alignedMs;
    return Math.trunc(late >= -EARLY_MS && late <= this.#toleranceMs ? this.#alignedMs : nowMs);
  }

  /** How long from `nowMs` to the next tick. */
  delay(nowMs: number): number {
    const passed = Math.max(0, Math.floor((nowMs - this.#alignedMs) / this.#intervalMs));
    return this.#alignedMs + (passed + 1) * this.#intervalMs - nowMs;
  }
}
