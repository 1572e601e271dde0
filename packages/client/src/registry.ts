import type {MetricType} from '@narthex/exposition/entry.ts';
import type {LabelPair, Metric, MetricFamily} from '@narthex/exposition/family.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import {checkBuckets, DEFAULT_BUCKETS} from './buckets.ts';
import {Cells} from './cells.ts';
import {Counter} from './counter.ts';
import {MetricError} from './errors.ts';
import {Gauge} from './gauge.ts';
import {Histogram} from './histogram.ts';
import type {Instrument} from './instrument.ts';
import {Labelled} from './labelled.ts';
import {checkLabelName, checkOptions, type MetricOptions, namesOf} from './options.ts';
import {encodeSnapshot, type Page} from './page.ts';
import type {Aggregate, FamilySnapshot, RegistrySnapshot} from './snapshot.ts';
import {Summary, SUMMARY_STRIDE, type SummaryWindow, targetsOf} from './summary.ts';

/** What an instrument's registration gives: the instrument itself, or a family of them when there are labels. */
export type InstrumentOf<I extends Instrument, L extends string> = [L] extends [never] ? I : Labelled<I, L>;

/** `collect` runs before each snapshot and brings the instrument up to date. */
export interface CollectOption<I extends Instrument, L extends string> {
  readonly collect?: (instrument: InstrumentOf<I, L>) => void | Promise<void>;
}

export type CounterOptions<L extends string = never> = MetricOptions<L> & CollectOption<Counter, L>;
export type GaugeOptions<L extends string = never> = MetricOptions<L> & CollectOption<Gauge, L>;

export interface HistogramOptions<L extends string = never> extends MetricOptions<L>, CollectOption<Histogram, L> {
  /** Upper bounds, rising, without +Inf; default `DEFAULT_BUCKETS`. */
  readonly buckets?: readonly number[];
}

export type SummaryOptions<L extends string = never> = MetricOptions<L> & CollectOption<Summary, L> & SummaryWindow;

/** A value that is asked for when a page is made. */
export interface FunctionOptions extends MetricOptions {
  readonly value: () => number;
}

/** Metrics that are made when a page is made, from whatever is there. */
export interface Collector {
  /** Names of the families that `collect` may give. */
  readonly names: readonly string[];
  collect(): Iterable<MetricFamily & {readonly aggregate?: Aggregate}>;
}

export interface RegistryOptions {
  /** Labels that every metric gets. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Called with what a callback or collector threw; by default it becomes a process warning. */
  readonly onError?: (error: unknown, metric: string) => void;
}

interface Entry {
  /** Name for errors. */
  readonly name: string;
  readonly names: readonly string[];
  readonly prepare: (() => void | Promise<void>) | undefined;
  families(): Iterable<FamilySnapshot>;
}

/**
 * The instruments of a program, or of one of its threads. Registering is where names, labels and options are checked:
 * a mistake is a `MetricError` at start-up, not a broken page later.
 */
export class Registry {
  private readonly entries = new Set<Entry>();
  private readonly byName = new Map<string, Entry>();
  private readonly constantLabels: readonly LabelPair[];
  private readonly onError: (error: unknown, metric: string) => void;

  constructor({labels = {}, onError = warn}: RegistryOptions = {}) {
    this.constantLabels = Object.entries(labels);
    for (const [name] of this.constantLabels) checkLabelName(name, undefined, '(all)');
    this.onError = onError;
  }

  /** A number that only grows; by convention its name ends with `_total`. */
  counter<const L extends string = never>(options: CounterOptions<L>): InstrumentOf<Counter, L> {
    checkOptions(options);
    const cells = new Cells(1);
    return this.instrument('counter', options, () => new Counter(cells));
  }

  /** A number that goes up and down. */
  gauge<const L extends string = never>(options: GaugeOptions<L>): InstrumentOf<Gauge, L> {
    checkOptions(options);
    const cells = new Cells(1);
    return this.instrument('gauge', options, () => new Gauge(cells));
  }

  /** Observations counted into buckets. */
  histogram<const L extends string = never>(options: HistogramOptions<L>): InstrumentOf<Histogram, L> {
    checkOptions(options, 'le');
    const bounds = checkBuckets(options.buckets ?? DEFAULT_BUCKETS, options.name);
    const cells = new Cells(Histogram.stride(bounds));
    return this.instrument('histogram', options, () => new Histogram(cells, bounds));
  }

  /** Observations counted and summed, with quantiles of the last minutes if wanted. */
  summary<const L extends string = never>(options: SummaryOptions<L>): InstrumentOf<Summary, L> {
    checkOptions(options, 'quantile');
    targetsOf(options.quantiles ?? []);
    const cells = new Cells(SUMMARY_STRIDE);
    return this.instrument('summary', options, () => new Summary(cells, options));
  }

  /** A counter kept by somebody else. */
  counterFunction(options: FunctionOptions): void {
    this.function('counter', options);
  }

  /** A gauge kept by somebody else. */
  gaugeFunction(options: FunctionOptions): void {
    this.function('gauge', options);
  }

  /** Adds whole families that are made for each page. */
  collector(collector: Collector): void {
    const {names} = collector;
    this.add({
      name: names.join(', '),
      names,
      prepare: undefined,
      *families() {
        for (const family of collector.collect()) yield {aggregate: 'first', ...family};
      },
    });
  }

  /** Takes a metric (or the collector that gives it) off the page; false when there is none of that name. */
  unregister(name: string): boolean {
    const entry = this.byName.get(name);
    if (entry === undefined) return false;
    for (const taken of entry.names) this.byName.delete(taken);
    return this.entries.delete(entry);
  }

  /** Whether something on the page has this name. */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  private function(type: 'counter' | 'gauge', options: FunctionOptions): void {
    checkOptions(options);
    this.addFamily(type, options, undefined, () => {
      const value = options.value();
      if (typeof value !== 'number') throw new MetricError('invalid_value', `${options.name} gave ${String(value)}`);
      return [{labels: [], point: {kind: 'number', value}}];
    });
  }

  private instrument<I extends Instrument, L extends string>(
    type: MetricType,
    options: MetricOptions<L> & CollectOption<I, L>,
    create: () => I,
  ): InstrumentOf<I, L> {
    const {labels = [], name} = options;
    const made = labels.length > 0 ? new Labelled<I, L>(name, labels, create) : create();
    const metrics = (): Metric[] => {
      if (made instanceof Labelled) return made.metrics();
      return [{labels: [], createdMs: made.createdMs, point: made.point()}];
    };
    const instrument = made as InstrumentOf<I, L>;
    const {collect} = options;
    this.addFamily(type, options, collect === undefined ? undefined : () => collect(instrument), metrics);
    return instrument;
  }

  private addFamily(
    type: MetricType,
    options: MetricOptions<string>,
    prepare: (() => void | Promise<void>) | undefined,
    metrics: () => Metric[],
  ): void {
    const {name, help, unit, aggregate = 'sum'} = options;
    this.add({
      name,
      names: namesOf(name, type),
      prepare,
      families: () => [{name, help, unit, type, aggregate, metrics: metrics()}],
    });
  }

  private add(entry: Entry): void {
    for (const name of entry.names) {
      if (this.byName.has(name)) throw new MetricError('duplicate', `metric ${name} is registered already`);
    }
    for (const name of entry.names) this.byName.set(name, entry);
    this.entries.add(entry);
  }

  /**
   * All metrics as they are now. A callback or collector that throws costs its own families only. Callbacks that
   * return a promise need `collect`.
   */
  snapshot(): RegistrySnapshot {
    const failed = new Map<Entry, unknown>();
    for (const entry of this.entries) {
      try {
        const pending = entry.prepare?.();
        if (pending === undefined) continue;
        pending.catch(() => {});
        failed.set(entry, new MetricError('invalid_option', `collect of ${entry.name} is asynchronous: use collect()`));
      } catch (error) {
        failed.set(entry, error);
      }
    }
    return this.read(failed);
  }

  /** As `snapshot`, after all callbacks have finished, side by side. */
  async collect(): Promise<RegistrySnapshot> {
    const failed = new Map<Entry, unknown>();
    const prepare = async (entry: Entry): Promise<void> => {
      try {
        await entry.prepare?.();
      } catch (error) {
        failed.set(entry, error);
      }
    };
    await Promise.all([...this.entries].map(prepare));
    return this.read(failed);
  }

  /** The page for the `Accept` header of a request, with its `Content-Type`. */
  async page(accept?: string): Promise<Page> {
    return encodeSnapshot(await this.collect(), accept);
  }

  private read(failed: Map<Entry, unknown>): RegistrySnapshot {
    const families: FamilySnapshot[] = [];
    for (const entry of this.entries) {
      if (failed.has(entry)) continue;
      try {
        // A label set nobody has used yet is no family on the page.
        const filled = [...entry.families()].filter((family) => family.metrics.length > 0);
        for (const family of filled) families.push(this.withConstantLabels(family));
      } catch (error) {
        failed.set(entry, error);
      }
    }
    const errors: string[] = [];
    for (const [entry, error] of failed) {
      errors.push(`${entry.name}: ${error instanceof Error ? error.message : String(error)}`);
      this.onError(error, entry.name);
    }
    return {families: families.sort((a, b) => compareUtf8(a.name, b.name)), errors};
  }

  private withConstantLabels(family: FamilySnapshot): FamilySnapshot {
    if (this.constantLabels.length === 0) return family;
    const label = (metric: Metric): Metric => ({...metric, labels: [...this.constantLabels, ...metric.labels]});
    return {...family, metrics: family.metrics.map(label)};
  }
}

function warn(error: unknown, metric: string): void {
  process.emitWarning(error instanceof Error ? error : String(error), {
    type: 'MetricWarning',
    detail: `metric ${metric}`,
  });
}
