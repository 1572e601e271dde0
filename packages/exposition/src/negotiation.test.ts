import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseAccept} from './media-type.ts';
import {
  acceptEncodingHeader,
  acceptHeader,
  answerFormat,
  DEFAULT_SCRAPE_PROTOCOLS,
  negotiate,
  parseScrapeProtocol,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  type ScrapeProtocol,
} from './negotiation.ts';

test('the Accept header of a scrape', () => {
  assert.equal(
    acceptHeader(DEFAULT_SCRAPE_PROTOCOLS, 'allow-utf-8'),
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  );
  assert.equal(
    acceptHeader(PROTO_FIRST_SCRAPE_PROTOCOLS, 'underscores'),
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,' +
      'application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
      'text/plain;version=1.0.0;escaping=underscores;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  );
  assert.equal(acceptEncodingHeader(true), 'gzip');
  assert.equal(acceptEncodingHeader(false), 'identity');
});

test('unknown protocols are named with the known ones', () => {
  assert.throws(() => parseScrapeProtocol('prometheusproto'), {
    message:
      'unknown scrape protocol prometheusproto, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]',
  });
});

const text = 'text/plain; version=0.0.4; charset=utf-8; escaping=';
const om1 = 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=';
const om0 = 'application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=';
const pages: [accept: string | undefined, contentType: string][] = [
  [undefined, `${text}underscores`],
  ['', `${text}underscores`],
  ['application/json', `${text}underscores`],
  ['nonsense', `${text}underscores`],
  ['*/*', `${om1}underscores`],
  ['text/plain', `${text}underscores`],
  ['text/*', `${text}underscores`],
  ['text/plain;version=0.0.4; escaping=values;', `${text}values`],
  ['text/plain;version=1.0.0', `${text}underscores`],
  ['application/openmetrics-text', `${om0}underscores`],
  ['application/openmetrics-text;version=1.0.0; escaping=allow-utf-8', `${om1}allow-utf-8`],
  ['application/openmetrics-text;version=1.0.0; escaping=nonsense', `${om1}underscores`],
  ['application/openmetrics-text;version=2.0.0', `${text}underscores`],
  ['text/plain;version=0.0.4;q=0.5, application/openmetrics-text;version=1.0.0;q=0.8', `${om1}underscores`],
  ['text/plain;version=0.0.4;q=0.9, */*;q=0.8', `${text}underscores`],
  [acceptHeader(PROTO_FIRST_SCRAPE_PROTOCOLS, 'dots'), `${om1}dots`],
  ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited', `${text}underscores`],
];
for (const [accept, contentType] of pages) {
  test(`a page for ${JSON.stringify(accept)}`, () => assert.equal(negotiate(accept).contentType, contentType));
}

test('clauses come by weight, wildcards last, nonsense not at all', () => {
  const types = parseAccept('*/*, a/*, a/b;q=0.5, c/d, e/f/g, h, i/j;q=x').map(
    ({type, subtype}) => `${type}/${subtype}`,
  );
  assert.deepEqual(types, ['c/d', 'a/*', '*/*', 'a/b', 'i/j']);
});

const answers: [
  contentType: string,
  fallback: ScrapeProtocol | undefined,
  format: string | undefined,
  problem?: string,
][] = [
  ['text/plain', undefined, 'text'],
  ['TEXT/Plain; version=0.0.4', undefined, 'text'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', undefined, 'openmetrics'],
  ['application/vnd.google.protobuf', undefined, 'protobuf'],
  ['text/plain; quoted="a; b"', undefined, 'text'],
  [
    '',
    undefined,
    undefined,
    'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
  ],
  [
    '',
    'PrometheusText0.0.4',
    'text',
    'non-compliant scrape target sending blank Content-Type, using fallback_scrape_protocol "text/plain"',
  ],
  [
    'text/html',
    undefined,
    undefined,
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
  ],
  [
    'text/html',
    'OpenMetricsText1.0.0',
    'openmetrics',
    'received unsupported Content-Type "text/html", using fallback_scrape_protocol "application/openmetrics-text"',
  ],
  [
    'invalid/',
    undefined,
    undefined,
    'cannot parse Content-Type "invalid/" and no fallback_scrape_protocol for target\nmime: expected token after slash',
  ],
  [
    'invalid/invalid/invalid',
    'PrometheusProto',
    'protobuf',
    'could not parse received Content-Type "invalid/invalid/invalid", using fallback_scrape_protocol ' +
      '"application/vnd.google.protobuf"\nmime: unexpected content after media subtype',
  ],
  [
    '/',
    undefined,
    undefined,
    'cannot parse Content-Type "/" and no fallback_scrape_protocol for target\nmime: no media type',
  ],
  [
    'text/plain; charset=UTF-8; charset=utf-8',
    undefined,
    undefined,
    'cannot parse Content-Type "text/plain; charset=UTF-8; charset=utf-8" and no fallback_scrape_protocol for target\n' +
      'mime: duplicate parameter name',
  ],
  [
    'text/plain; version',
    undefined,
    undefined,
    'cannot parse Content-Type "text/plain; version" and no fallback_scrape_protocol for target\nmime: invalid media parameter',
  ],
];
for (const [contentType, fallback, format, problem] of answers) {
  test(`an answer of type ${JSON.stringify(contentType)}, fallback ${fallback}`, () => {
    assert.deepEqual(answerFormat(contentType, fallback), {format, problem});
  });
}
