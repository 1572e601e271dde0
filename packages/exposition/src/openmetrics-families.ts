import {quoteGo} from '@narthex/model/quote.ts';
import {COMMA} from './ascii.ts';
import {type EntryKind, EntryKind as Kind} from './entry.ts';
import {FamilyCollector, type Sample, type SampleRole, signatureOf} from './family-collector.ts';
import type {Exemplar, LabelPair, MetricFamily} from './family.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {boundaryOf, histogramFault, sampleFault, SUFFIXES} from './openmetrics-rules.ts';
import {ParseError} from './parse-error.ts';

/**
 * Reads an OpenMetrics 1.0 page into families and holds it to the whole specification: order and grouping, names and
 * values each type allows, buckets, exemplars. The name of a counter is that of its samples (`_total`).
 * Throws `ParseError`.
 */
export function parseOpenMetricsFamilies(body: Uint8Array): MetricFamily[] {
  return new OpenMetricsFamilyReader(body).read();
}

/** Where the current family stands: the metric whose lines come in and its newest time. */
interface Group {
  readonly signature: string;
  seconds: number | undefined;
}

class OpenMetricsFamilyReader {
  private readonly parser = new OpenMetricsParser();
  private readonly families: FamilyCollector[] = [];
  /** Every sample name that a finished family may have used. */
  private readonly taken = new Set<string>();
  private current: FamilyCollector | undefined;
  private group: Group | undefined;
  private readonly finishedGroups = new Set<string>();

  constructor(body: Uint8Array) {
    this.parser.reset(body);
  }

  read(): MetricFamily[] {
    for (let kind = this.parser.next(); kind !== Kind.End; kind = this.parser.next()) {
      if (kind === Kind.Series) this.readSample();
      else this.readMetadata(kind);
    }
    this.finishFamily();
    return this.families.map((family) => this.named(family.family()));
  }

  private named(family: MetricFamily): MetricFamily {
    return family.type === 'counter' ? {...family, name: `${family.name}_total`} : family;
  }

  private readMetadata(kind: EntryKind): void {
    const name = this.parser.name();
    if (this.current?.name !== name) this.startFamily(name);
    const family = this.current!;
    if (!family.isEmpty) throw this.error(`metadata of ${quoteGo(name)} after its samples`);
    if (kind === Kind.Type) {
      if (family.type !== undefined) throw this.error(`second TYPE line for ${quoteGo(name)}`);
      family.type = this.parser.metricType;
      // This reader wants boundaries as they are written.
      this.parser.metricType = 'unknown';
    } else if (kind === Kind.Help) {
      if (family.help !== undefined) throw this.error(`second HELP line for ${quoteGo(name)}`);
      family.help = this.parser.text();
    } else {
      if (family.unit !== undefined) throw this.error(`second UNIT line for ${quoteGo(name)}`);
      family.unit = this.parser.unit;
    }
    const unitless = family.type === 'info' || family.type === 'stateset';
    if (unitless && (family.unit ?? '') !== '') throw this.error(`${family.type} ${quoteGo(name)} with a unit`);
  }

  private startFamily(name: string): void {
    this.finishFamily();
    this.current = new FamilyCollector(name, true);
    this.families.push(this.current);
  }

  private finishFamily(): void {
    const family = this.current;
    if (family === undefined) return;
    const type = family.type ?? 'unknown';
    for (const metric of family.metrics) {
      const fault = type.endsWith('histogram') ? histogramFault(type, metric) : undefined;
      if (fault !== undefined) throw this.error(`${quoteGo(family.name)}: ${fault}`);
    }
    for (const name of new Set([family.name, ...SUFFIXES[type].keys().map((suffix) => family.name + suffix)])) {
      if (this.taken.has(name)) throw this.error(`name ${quoteGo(name)} of ${quoteGo(family.name)} was used before`);
      this.taken.add(name);
    }
    this.group = undefined;
    this.finishedGroups.clear();
  }

  private readSample(): void {
    const name = this.parser.name();
    const role = this.roleOf(name) ?? this.startUntyped(name);
    const family = this.current!;
    family.type ??= 'unknown';
    const sample = this.sampleOf(role);
    const fault = sampleFault(family.name, family.type, sample);
    if (fault !== undefined) throw this.error(`${quoteGo(name)}: ${fault}`);
    this.checkGroup(family, sample);
    family.add(sample);
  }

  private roleOf(name: string): SampleRole | undefined {
    const family = this.current;
    if (family === undefined || !name.startsWith(family.name)) return undefined;
    return SUFFIXES[family.type ?? 'unknown'].get(name.slice(family.name.length));
  }

  /** A sample without metadata is a family of its own. */
  private startUntyped(name: string): SampleRole {
    this.startFamily(name);
    return 'plain';
  }

  private sampleOf(role: SampleRole): Sample {
    const {parser} = this;
    const duplicate = parser.duplicateLabel();
    if (duplicate !== undefined) throw this.error(`label ${quoteGo(duplicate)} is given twice`);
    this.checkTrailingComma(parser.labelCount - 1);
    const boundaryName = role === 'bucket' ? 'le' : role === 'quantile' ? 'quantile' : undefined;
    const labels: LabelPair[] = [];
    let boundary = Number.NaN;
    parser.labels({
      set: (name, value) => {
        if (name === boundaryName) boundary = boundaryOf(role, value);
        else if (name !== '__name__') labels.push([name, value]);
      },
    });
    const timestampMs = parser.hasTimestamp ? parser.timestampMs : undefined;
    return {role, labels, value: parser.values[0], boundary, timestampMs, exemplar: this.exemplar()};
  }

  private exemplar(): Exemplar | undefined {
    const {parser} = this;
    if (!parser.hasExemplar) return undefined;
    const labels: LabelPair[] = [];
    parser.exemplarLabels({set: (name, value) => labels.push([name, value])});
    this.checkTrailingComma(parser.labelCount + labels.length - 1);
    const timestampMs = parser.hasExemplarTimestamp ? parser.exemplarTimestampMs : undefined;
    return {labels, value: parser.values[1], timestampMs};
  }

  /** `label` is the last of a label set. */
  private checkTrailingComma(label: number): void {
    if (label < 0) return;
    const behindQuote = this.parser.labelRanges[4 * label + 3] + 1;
    if (this.parser.body[behindQuote] === COMMA) throw this.error('comma at the end of labels');
  }

  /** Lines of one metric stand together, all with a time or all without, times never going back. */
  private checkGroup(family: FamilyCollector, sample: Sample): void {
    const labels = family.type === 'stateset' ? sample.labels.filter(([name]) => name !== family.name) : sample.labels;
    const signature = signatureOf(labels);
    const seconds = this.parser.hasTimestamp ? this.parser.timestampSeconds : undefined;
    const {group} = this;
    if (group?.signature !== signature) {
      if (this.finishedGroups.has(signature))
        throw this.error(`lines of one metric of ${quoteGo(family.name)} are apart`);
      this.finishedGroups.add(signature);
      this.group = {signature, seconds};
      return;
    }
    if ((group.seconds === undefined) !== (seconds === undefined)) {
      throw this.error(`a metric of ${quoteGo(family.name)} has lines with and without a timestamp`);
    }
    if (seconds !== undefined && seconds < group.seconds!) {
      throw this.error(`timestamps of a metric of ${quoteGo(family.name)} go back`);
    }
    group.seconds = seconds;
  }

  private error(message: string): ParseError {
    return new ParseError(message, this.parser.line());
  }
}
