import type {ExpositionParser} from '@narthex/exposition/entry.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {Staging} from '@narthex/tsdb/head/staging.ts';
import type {SeriesSlot} from '@narthex/tsdb/head/types.ts';
import type {LineResolution} from './body-walk.ts';
import type {ScrapeConfig} from './config.ts';
import {checkStored, mayRepeatNames, SampleLabelsError, storedLabels} from './sample-labels.ts';
import {SampleLimit, SampleLimitError} from './sample-limit.ts';
import type {AppendContext} from './sample-store.ts';

/** As upstream: samples further in the future than this are refused. */
const AHEAD_MS_MAX = 10 * 60 * 1000;
/** Series of bodies that failed are remembered up to this number. */
const FAILED_MAX = 100_000;

/** Finds or makes the series of the lines of one target that its last body did not have: relabels them, checks limits. */
export class LineResolver {
  readonly #context: AppendContext;
  readonly #target: Labels;
  #config: ScrapeConfig;
  #staging: Staging | undefined;
  #limit: SampleLimit;
  #latestMs = Infinity;
  #ahead = 0;
  /** Series of this body that seemed to be new. */
  #fresh: SeriesSlot[] = [];
  /** Series of earlier bodies, all of which failed: they were counted as new then. */
  readonly #failed = new Set<SeriesSlot>();

  constructor(context: AppendContext, config: ScrapeConfig, target: Labels) {
    this.#context = context;
    this.#config = config;
    this.#target = target;
    this.#limit = new SampleLimit(context.memory, 0, 0);
  }

  /** A body begins, whose samples go to `staging`; the one before failed unless `settle` was called. */
  begin(config: ScrapeConfig, staging: Staging, timeMs: number): void {
    this.#config = config;
    this.#staging = staging;
    this.#limit = new SampleLimit(this.#context.memory, config.sampleLimit, timeMs);
    this.#latestMs = config.honorTimestamps ? Date.now() + AHEAD_MS_MAX : Infinity;
    this.#ahead = 0;
    // A target that makes other labels up each time, and fails each time, would fill the memory.
    if (this.#failed.size > FAILED_MAX) this.#failed.clear();
    for (const slot of this.#fresh) this.#failed.add(slot);
    this.#fresh = [];
  }

  /** See `BodyWalkOptions.resolve`. Throws SampleLabelsError. */
  resolve(parser: ExpositionParser, kept: number): LineResolution {
    const scraped = parser.seriesLabels();
    const {honorLabels, metricRelabelConfigs} = this.#config;
    const labels = storedLabels(scraped, parser, {target: this.#target, honorLabels, metricRelabelConfigs});
    if (labels === undefined) return 'dropped';
    checkStored(labels, this.#config);
    // Series that nobody will see must not be made.
    if (this.#limit.isExceeded(kept + 1, this.#staging!)) return 'refused';
    if (parser.hasTimestamp && parser.timestampMs > this.#latestMs) {
      this.#ahead++;
      return 'refused';
    }
    if (mayRepeatNames(scraped, parser)) refuseRepeats(parser);
    return this.#seriesOf(labels);
  }

  /** All lines are read, relabelling kept `kept` samples: throws SampleLimitError when they are too many. */
  checkLimit(kept: number): void {
    if (this.#limit.isExceeded(kept, this.#staging!)) throw new SampleLimitError();
  }

  /** Take staged samples out that claim to be from far ahead; gives how many were left out for that, here and before. */
  dropAhead(): number {
    const ahead = this.#ahead + this.#staging!.dropAfter(this.#latestMs);
    this.#ahead = 0;
    return ahead;
  }

  /** The body was stored. */
  settle(): void {
    this.#fresh = [];
    this.#failed.clear();
  }

  /** Series may have gone, or lines may lead elsewhere. */
  forget(): void {
    this.settle();
  }

  #seriesOf(labels: Labels): LineResolution {
    const {store, isRefusal} = this.#context;
    try {
      const slot = store.getOrCreate(labels);
      const isNew = !this.#failed.has(slot);
      if (isNew) this.#fresh.push(slot);
      return {slot, ref: store.ref(slot), isNew};
    } catch (error) {
      if (isRefusal(error)) return 'refused';
      throw error;
    }
  }
}

function refuseRepeats(parser: ExpositionParser): void {
  const name = parser.duplicateLabel();
  if (name !== undefined) throw new SampleLabelsError(`label name "${name}" is not unique: invalid sample`);
}
