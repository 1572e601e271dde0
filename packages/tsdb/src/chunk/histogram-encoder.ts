import {COUNTER_RESET, CUSTOM_BUCKETS_SCHEMA, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import type {RecordViews} from '@narthex/model/histogram/record.ts';
import {isStaleAt} from '@narthex/model/stale.ts';
import {BitWriter} from './bit-writer.ts';
import {BucketMerge} from './bucket-merge.ts';
import {HistogramCursor} from './histogram-cursor.ts';
import {
  FIRST_START_KNOWN,
  hasHistogramStarts,
  HISTOGRAM_HEADER_BYTES,
  histogramSamplesMax,
  isFloatHistogramEncoding,
  START_HEADER,
  STARTS_FROM_MAX,
  writeCounterResetHeader,
  writeHistogramSamples,
} from './histogram-format.ts';
import {writeHistogramLayout} from './histogram-layout.ts';
import {HistogramSheet} from './histogram-sheet.ts';
import {BUCKET_SLOTS, COUNT_SLOT, HistogramState, SUM_SLOT, ZERO_SLOT} from './histogram-state.ts';

/**
 * What became of a histogram.
 *
 * - `appended`: it was written behind the others.
 * - `recoded`: it was written, and all of the chunk anew before, as it brought buckets that the others lack.
 * - `new chunk`: nothing was written; it belongs into a new chunk with the header `nextHeader`.
 */
export type HistogramOutcome = 'appended' | 'recoded' | 'new chunk';

/** Room that a sample of `buckets` buckets takes at most, without the layout. */
const sampleBytesMax = (buckets: number): number => (buckets + BUCKET_SLOTS + 3) * 10;

/**
 * Builds one histogram chunk after the other, by upstream's rules (AppendHistogram and AppendFloatHistogram in tsdb/chunkenc): what follows in a chunk has
 * the same schema, zero threshold and bounds and, unless it is a gauge, no lower count; chunk and histogram are widened to the buckets of both.
 */
export class HistogramChunkEncoder {
  encoding = 0;
  /** How the first histogram follows the last one of the chunk before. */
  counterReset: CounterReset = COUNTER_RESET.unknown;
  /** After `new chunk`: what that chunk is to begin with. */
  nextHeader: CounterReset = COUNTER_RESET.unknown;
  /** Time of the oldest sample, ms; meaningless while there is none. */
  minTime = 0;

  readonly #writer = new BitWriter();
  readonly #cursor = new HistogramCursor();
  readonly #merge = new BucketMerge();
  readonly #sheet = new HistogramSheet();
  readonly #widened = new HistogramSheet();
  #state = new HistogramState();
  #counts = new Float64Array(64);
  #isFloat = false;
  #hasStarts = false;

  get samples(): number {
    return this.#state.samples;
  }

  /** Time of the newest sample, ms; meaningless while there is none. */
  get maxTime(): number {
    return this.#state.time;
  }

  /** Bytes of the chunk up to now. */
  get sizeBytes(): number {
    return this.#writer.length;
  }

  /** Bits of the chunk up to now. */
  get sizeBits(): number {
    return this.#writer.at;
  }

  /** The chunk as it is stored. Valid until the next change. */
  bytes(): Uint8Array {
    return this.#writer.bytes.subarray(0, this.#writer.length);
  }

  /** Begins a chunk. A first histogram that says more about itself than `header` does (a gauge, a reset) replaces it. */
  begin(encoding: number, header: CounterReset = COUNTER_RESET.unknown): void {
    this.#use(encoding, header);
    this.#restart();
  }

  /** Goes on with the chunk `bytes[from..to]`, of which a copy is made. Throws a ChunkError for corrupt bytes. */
  resume(encoding: number, bytes: Uint8Array, from: number, to: number): void {
    const cursor = this.#cursor;
    cursor.open(encoding, bytes, from, to);
    this.#use(encoding, cursor.counterReset);
    if (cursor.next()) this.minTime = cursor.state.time;
    while (cursor.next());
    const state = this.#state;
    this.#state = cursor.state;
    cursor.state = state;
    this.#writer.open(bytes, from, to, cursor.bits);
  }

  /** Appends the histogram of a record. Times rise; `startMs` (0 = unknown) is kept by encodings with starts only. */
  append(views: RecordViews, timeMs: number, startMs: number, record: number): HistogramOutcome {
    this.#sheet.read(views, record);
    return this.#append(timeMs, startMs);
  }

  /** Appends the end of the series. */
  appendStale(timeMs: number, startMs: number): HistogramOutcome {
    this.#sheet.makeStale();
    return this.#append(timeMs, startMs);
  }

  /** The header of a new chunk that begins with this record because the present one is full. */
  headerAfter(views: RecordViews, record: number): CounterReset {
    this.#sheet.read(views, record);
    return this.#headerAfter();
  }

  #use(encoding: number, header: CounterReset): void {
    this.encoding = encoding;
    this.counterReset = header;
    this.#isFloat = isFloatHistogramEncoding(encoding);
    this.#hasStarts = hasHistogramStarts(encoding);
  }

  #restart(): void {
    this.#writer.at = 0;
    this.#writer.bits(0, HISTOGRAM_HEADER_BYTES * 8);
    this.#state.clear();
  }

  #append(timeMs: number, startMs: number): HistogramOutcome {
    const sheet = this.#sheet;
    if (this.samples === 0) return this.#appendFirst(timeMs, startMs);
    if (this.samples === histogramSamplesMax(this.encoding)) {
      this.nextHeader = this.#headerAfter();
      return 'new chunk';
    }
    if (!this.#accepts()) return 'new chunk';
    if (sheet.isStale || this.#hasSameBuckets()) {
      this.#write(sheet, timeMs, startMs);
      return 'appended';
    }
    return this.#appendWidened(timeMs, startMs);
  }

  #appendFirst(timeMs: number, startMs: number): HistogramOutcome {
    const {hint} = this.#sheet;
    if (hint === COUNTER_RESET.gauge || hint === COUNTER_RESET.reset) this.counterReset = hint;
    this.minTime = timeMs;
    this.#write(this.#sheet, timeMs, startMs);
    return 'appended';
  }

  #headerAfter(): CounterReset {
    const {hint} = this.#sheet;
    if (hint === COUNTER_RESET.gauge || hint === COUNTER_RESET.reset) return hint;
    if (this.samples === 0) return COUNTER_RESET.unknown;
    const follows = this.#judge();
    if (!this.#isFloat || follows === COUNTER_RESET.reset) return follows;
    return COUNTER_RESET.notReset;
  }

  /** Whether the sheet may go into the chunk; sets `nextHeader` where not. */
  #accepts(): boolean {
    if (this.#sheet.hint === COUNTER_RESET.gauge) {
      this.nextHeader = COUNTER_RESET.gauge;
      return this.counterReset === COUNTER_RESET.gauge && this.#acceptsGauge();
    }
    const follows = this.#judge();
    this.nextHeader = this.#isFloat && follows !== COUNTER_RESET.reset ? COUNTER_RESET.unknown : follows;
    return follows === COUNTER_RESET.notReset && this.counterReset !== COUNTER_RESET.gauge;
  }

  #acceptsGauge(): boolean {
    const sheet = this.#sheet;
    if (sheet.isStale) return true;
    if (isStaleAt(this.#state.words, SUM_SLOT)) return false;
    this.#mergeBuckets();
    return this.#hasSameScale() && this.#hasSameBounds();
  }

  /** How the sheet follows the newest sample of a chunk of counters; of one of gauges upstream says that there is no reset. */
  #judge(): CounterReset {
    const sheet = this.#sheet;
    const {values, words} = this.#state;
    if (this.counterReset === COUNTER_RESET.gauge) return COUNTER_RESET.notReset;
    if (sheet.hint === COUNTER_RESET.reset) return COUNTER_RESET.reset;
    if (sheet.isStale) return COUNTER_RESET.notReset;
    if (isStaleAt(words, SUM_SLOT)) return COUNTER_RESET.unknown;
    if (sheet.values[COUNT_SLOT] < values[COUNT_SLOT]) return COUNTER_RESET.reset;
    if (!this.#hasSameScale()) return COUNTER_RESET.unknown;
    if (!this.#hasSameBounds() || sheet.values[ZERO_SLOT] < values[ZERO_SLOT]) return COUNTER_RESET.reset;
    this.#mergeBuckets();
    return this.#hasLostCounts() ? COUNTER_RESET.reset : COUNTER_RESET.notReset;
  }

  #hasSameScale(): boolean {
    return this.#sheet.schema === this.#state.schema && this.#sheet.zeroThreshold === this.#state.zeroThreshold;
  }

  #hasSameBounds(): boolean {
    if (this.#sheet.schema !== CUSTOM_BUCKETS_SCHEMA) return true;
    const {bounds} = this.#sheet;
    const others = this.#state.bounds;
    return bounds.length === others.length && bounds.every((bound, i) => bound === others[i]);
  }

  #mergeBuckets(): void {
    const sheet = this.#sheet;
    const state = this.#state;
    const merge = this.#merge;
    merge.begin(state.buckets, sheet.buckets);
    merge.positives = merge.add(state.indexes, 0, state.positives, sheet.indexes, 0, sheet.positives);
    merge.negatives = merge.add(
      state.indexes,
      state.positives,
      state.buckets,
      sheet.indexes,
      sheet.positives,
      sheet.buckets,
    );
  }

  /** Whether a bucket counts less in the sheet than in the newest sample, or is in use there and missing here. */
  #hasLostCounts(): boolean {
    const {values, positives, buckets} = this.#state;
    const {oldPlaces, newPlaces} = this.#merge;
    const sheet = this.#sheet;
    let before = 0;
    let j = 0;
    for (let i = 0; i < buckets; i++) {
      const value = values[BUCKET_SLOTS + i];
      before = this.#isFloat || i === positives ? value : before + value;
      const place = oldPlaces[i];
      while (j < sheet.buckets && newPlaces[j] < place) j++;
      if (j === sheet.buckets || newPlaces[j] !== place) {
        if (before !== 0) return true;
      } else if (before > sheet.values[BUCKET_SLOTS + j]) return true;
    }
    return false;
  }

  #hasSameBuckets(): boolean {
    const {positives, negatives} = this.#merge;
    const sheet = this.#sheet;
    const buckets = positives + negatives;
    return buckets === this.#state.buckets && buckets === sheet.buckets;
  }

  /** Writes the sheet with the buckets of the chunk added, and before that, where it has buckets of its own, the chunk with those. */
  #appendWidened(timeMs: number, startMs: number): HistogramOutcome {
    const {indexes, positives, negatives, newPlaces} = this.#merge;
    const sheet = this.#sheet;
    const widened = this.#widened;
    const isWider = positives + negatives > this.#state.buckets;
    widened.layOut(sheet.schema, sheet.zeroThreshold, sheet.bounds, indexes, positives, negatives);
    if (isWider) this.#recode(widened);
    for (let i = 0; i < BUCKET_SLOTS * 2; i++) widened.words[i] = sheet.words[i];
    widened.values.fill(0, BUCKET_SLOTS, BUCKET_SLOTS + widened.buckets);
    for (let i = 0; i < sheet.buckets; i++)
      widened.values[BUCKET_SLOTS + newPlaces[i]] = sheet.values[BUCKET_SLOTS + i];
    this.#write(widened, timeMs, startMs);
    return isWider ? 'recoded' : 'appended';
  }

  /** Writes all samples of the chunk again, with the buckets of `widened`. */
  #recode(widened: HistogramSheet): void {
    const cursor = this.#cursor;
    cursor.open(this.encoding, this.#writer.bytes, 0, this.#writer.length);
    this.#restart();
    while (cursor.next()) {
      if (this.#counts.length < widened.buckets) this.#counts = new Float64Array(widened.buckets * 2);
      widened.fill(cursor, this.#merge.oldPlaces, this.#counts);
      this.#write(widened, cursor.state.time, cursor.state.start);
    }
  }

  #write(sheet: HistogramSheet, timeMs: number, startMs: number): void {
    const state = this.#state;
    const before = state.time;
    this.#writer.reserve(sampleBytesMax(Math.max(sheet.buckets, state.buckets)));
    if (state.samples === 0) this.#writeFirst(sheet, timeMs);
    else this.#writeLater(sheet, timeMs);
    state.samples++;
    state.time = timeMs;
    if (this.#hasStarts) this.#writeStart(before, startMs);
    writeHistogramSamples(this.encoding, this.#writer.bytes, 0, state.samples);
    writeCounterResetHeader(this.encoding, this.#writer.bytes, 0, this.counterReset);
  }

  #writeFirst(sheet: HistogramSheet, timeMs: number): void {
    const writer = this.#writer;
    const state = this.#state;
    writeHistogramLayout(writer, sheet);
    writer.reserve(sampleBytesMax(sheet.buckets));
    state.layOut(sheet.positives, sheet.negatives);
    for (let i = 0; i < sheet.buckets; i++) state.indexes[i] = sheet.indexes[i];
    state.schema = sheet.schema;
    state.zeroThreshold = sheet.zeroThreshold;
    state.bounds = sheet.bounds;
    writer.varbit(timeMs);
    if (this.#isFloat) {
      for (let i = 0; i < (BUCKET_SLOTS + sheet.buckets) * 2; i++) state.words[i] = sheet.words[i];
      for (let i = 0; i < BUCKET_SLOTS + sheet.buckets; i++) writer.float(state.words, i);
      return;
    }
    for (let i = 0; i < BUCKET_SLOTS * 2; i++) state.words[i] = sheet.words[i];
    writer.unsignedVarbit(sheet.values[COUNT_SLOT]);
    writer.unsignedVarbit(sheet.values[ZERO_SLOT]);
    writer.float(state.words, SUM_SLOT);
    let below = 0;
    for (let i = 0; i < sheet.buckets; i++) {
      if (i === sheet.positives) below = 0;
      const count = sheet.values[BUCKET_SLOTS + i];
      state.values[BUCKET_SLOTS + i] = count - below;
      writer.varbit(count - below);
      below = count;
    }
  }

  #writeLater(sheet: HistogramSheet, timeMs: number): void {
    const state = this.#state;
    const delta = timeMs - state.time;
    this.#writer.varbit(delta - state.timeDelta);
    state.timeDelta = delta;
    if (this.#isFloat) this.#writeLaterFloats(sheet);
    else this.#writeLaterIntegers(sheet);
  }

  #writeLaterIntegers(sheet: HistogramSheet): void {
    const writer = this.#writer;
    const state = this.#state;
    const {isStale, buckets, positives} = sheet;
    for (let slot = COUNT_SLOT; slot <= ZERO_SLOT; slot++) {
      const delta = isStale ? state.deltas[slot] : sheet.values[slot] - state.values[slot];
      this.#writeDelta(slot, delta);
    }
    writer.xor(state.words, sheet.words, SUM_SLOT, state.leading, state.trailing);
    let below = 0;
    for (let i = 0; i < buckets; i++) {
      if (i === positives) below = 0;
      const count = sheet.values[BUCKET_SLOTS + i];
      this.#writeDelta(BUCKET_SLOTS + i, count - below - state.values[BUCKET_SLOTS + i]);
      below = count;
    }
  }

  /** Writes by how much the change of a whole number differs from the change before. */
  #writeDelta(slot: number, delta: number): void {
    const {values, deltas} = this.#state;
    this.#writer.varbit(delta - deltas[slot]);
    deltas[slot] = delta;
    values[slot] += delta;
  }

  #writeLaterFloats(sheet: HistogramSheet): void {
    const {words, leading, trailing} = this.#state;
    const slots = BUCKET_SLOTS + sheet.buckets;
    for (let i = 0; i < slots; i++) this.#writer.xor(words, sheet.words, i, leading, trailing);
  }

  /** Writes the start of the newest sample, where it has one of its own. `before` is the time of the sample before. */
  #writeStart(before: number, startMs: number): void {
    const state = this.#state;
    const i = state.samples - 1;
    const diff = before - startMs;
    if (i === 0) {
      if (startMs !== 0) this.#writeFirstStart(state.time - startMs);
    } else if (state.startsFrom > 0) {
      this.#writer.varbit(diff - state.startDiff);
      state.startDiff = diff;
    } else if (startMs !== state.start || i === STARTS_FROM_MAX) {
      state.startsFrom = i;
      this.#writer.bytes[START_HEADER] |= i;
      this.#writer.varbit(diff);
      state.startDiff = diff;
    }
    state.start = startMs;
  }

  #writeFirstStart(diff: number): void {
    this.#writer.varint(diff);
    this.#writer.bytes[START_HEADER] |= FIRST_START_KNOWN;
  }
}
