import type {ExpositionParser, ParserOptions} from './entry.ts';
import type {ExpositionFormat} from './negotiation.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {ParseError} from './parse-error.ts';
import {TextParser} from './text-parser.ts';

/**
 * A parser of the format without a body yet: call `reset`. One parser can read any number of bodies.
 * Throws `ParseError` for protobuf, which is not supported yet.
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
