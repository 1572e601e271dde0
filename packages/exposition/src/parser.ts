import {CustomBucketParser} from './custom-bucket-parser.ts';
import type {EntryParser, EntryParserOptions, ExpositionParser, ParserOptions} from './entry.ts';
import type {ExpositionFormat} from './negotiation.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {ParseError} from './parse-error.ts';
import {ProtobufParser} from './protobuf-parser.ts';
import {TextParser} from './text-parser.ts';

/**
 * A parser of lines without a body yet: call `reset`. One parser can read any number of bodies.
 * Throws `ParseError` for protobuf, which has no lines: `createEntryParser` reads it.
 */
export function createParser(format: ExpositionFormat, options: ParserOptions = {}): ExpositionParser {
  switch (format) {
    case 'text':
      return new TextParser(options);
    case 'openmetrics':
      return new OpenMetricsParser(options);
    case 'protobuf':
      throw new ParseError('PrometheusProto (application/vnd.google.protobuf) is not supported yet', 1);
    default:
      return format satisfies never;
  }
}

/** A parser of any format that gives entries, native histograms among them; without a body yet: call `reset`. */
export function createEntryParser(format: ExpositionFormat, options: EntryParserOptions = {}): EntryParser {
  if (format === 'protobuf') return new ProtobufParser(options);
  const parser = createParser(format, options);
  if (options.convertClassicHistograms !== true) return parser;
  return new CustomBucketParser(parser, {
    keepClassic: options.keepClassicHistograms ?? false,
    startTimestamps: options.createdAsStartTimestamp ?? false,
  });
}
