import {COUNTER_RESET, CUSTOM_BUCKETS_SCHEMA} from '@narthex/model/histogram/float-histogram.ts';
import {formatFloatG} from '@narthex/model/value.ts';
import {type NativeHistogram, SpanWriter} from './native-histogram.ts';

/** Empty buckets between others that an integer histogram keeps; one of floats keeps none. As upstream. */
const EMPTY_MAX = 2;
const INT64_LIMIT = 2 ** 63;
const UINT64_LIMIT = 2 ** 64;

/**
 * Collects the samples of a classic histogram, in any order, and makes one native histogram with custom buckets of them.
 * The first fault is kept; then nothing can be made until `clear`. The texts are upstream's (util/convertnhcb).
 */
export class ClassicHistogram {
  private readonly bounds: number[] = [];
  /** Cumulative. */
  private readonly counts: number[] = [];
  private count = 0;
  private sum = 0;
  private hasCount = false;
  private isSorted = true;
  private fault: string | undefined;

  clear(): void {
    this.bounds.length = 0;
    this.counts.length = 0;
    this.count = 0;
    this.sum = 0;
    this.hasCount = false;
    this.isSorted = true;
    this.fault = undefined;
  }

  setCount(count: number): void {
    if (this.fault !== undefined) return;
    if (count < 0) {
      this.fault = `count must be non-negative: count=${formatFloatG(count)}`;
      return;
    }
    this.count = count;
    this.hasCount = true;
  }

  setSum(sum: number): void {
    if (this.fault === undefined) this.sum = sum;
  }

  /** Adds the observations up to `bound`. Of one bound only the first count is taken. */
  setBucket(bound: number, count: number): void {
    if (this.fault !== undefined) return;
    if (Number.isNaN(bound)) this.fault = 'bucket boundary must not be NaN';
    else if (count < 0) this.fault = negativeBucket(bound, count);
    else this.push(bound, count);
  }

  private push(bound: number, count: number): void {
    const {bounds, counts} = this;
    const last = bounds.length - 1;
    if (last >= 0 && bound === bounds[last]) return;
    if (last >= 0 && bound < bounds[last]) this.isSorted = false;
    bounds.push(bound);
    counts.push(count);
  }

  /** Brings buckets that came out of order into it. */
  private sort(): void {
    const {bounds, counts} = this;
    const order = bounds.map((_, i) => i).sort((a, b) => bounds[a] - bounds[b] || a - b);
    const first = order.filter((at, i) => i === 0 || bounds[order[i - 1]] !== bounds[at]);
    const sorted = first.map((i) => [bounds[i], counts[i]] as const);
    bounds.length = counts.length = 0;
    for (const [bound, count] of sorted) {
      bounds.push(bound);
      counts.push(count);
    }
    this.isSorted = true;
  }

  private checkCumulative(): void {
    const {counts} = this;
    for (let i = 1; i < counts.length; i++) {
      if (!(counts[i] < counts[i - 1])) continue;
      this.fault = `count is not cumulative: ${formatFloatG(counts[i])} < ${formatFloatG(counts[i - 1])}`;
      return;
    }
  }

  /** Fills `into` with what was collected; gives the fault when there is one. */
  convert(into: NativeHistogram): string | undefined {
    if (!this.isSorted) this.sort();
    if (this.fault === undefined) this.checkCumulative();
    if (this.fault !== undefined) return this.fault;
    const {bounds, counts} = this;
    const last = counts.length - 1;
    if (!this.hasCount && last >= 0) this.setCount(counts[last]);
    if (last < 0 || bounds[last] !== Infinity) {
      bounds.push(Infinity);
      counts.push(this.count);
    }
    const whole = this.isWhole();
    if (this.count !== counts[counts.length - 1]) this.fault = this.mismatch(whole);
    else this.fill(into, whole);
    return this.fault;
  }

  private isWhole(): boolean {
    const {counts, count} = this;
    for (const cumulative of counts) if (!Number.isInteger(cumulative) || cumulative >= INT64_LIMIT) return false;
    return Number.isInteger(count) && count < UINT64_LIMIT;
  }

  private mismatch(whole: boolean): string {
    const bound = formatFloatG(this.bounds[this.bounds.length - 1]);
    const bucket = formatFloatG(this.counts[this.counts.length - 1]);
    const count = whole ? String(BigInt(this.count)) : formatFloatG(this.count);
    return `count mismatch: count=${count} != le=${bound} count=${bucket}`;
  }

  private fill(into: NativeHistogram, whole: boolean): void {
    const {bounds, counts} = this;
    into.clear();
    into.isFloat = !whole;
    into.counterReset = COUNTER_RESET.unknown;
    into.schema = CUSTOM_BUCKETS_SCHEMA;
    into.count = this.count;
    into.sum = this.sum;
    into.customBounds = Float64Array.from(bounds.slice(0, -1));
    const writer = new SpanWriter(into.positive, whole ? EMPTY_MAX : 0);
    for (let i = 0; i < counts.length; i++) writer.add(i === 0 ? counts[0] : counts[i] - counts[i - 1]);
  }
}

function negativeBucket(bound: number, count: number): string {
  return `bucket count must be non-negative: le=${formatFloatG(bound)}, count=${formatFloatG(count)}`;
}
