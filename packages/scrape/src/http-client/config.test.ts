import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isSameJob, printJob} from '../config.ts';
import {jobOf} from '../testing/configs.ts';
import {unsupportedClientKeys} from './config.ts';
import {mayShareCredentials} from './credentials.ts';

const job = (yaml: string, dir = '') => jobOf(`{job_name: j, ${yaml.slice(1)}`, dir);

const refused: [yaml: string, why: string][] = [
  ['{bearer_token: a, bearer_token_file: b}', 'at most one of bearer_token & bearer_token_file must be configured'],
  [
    '{basic_auth: {username: a}, bearer_token: b}',
    'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
  ],
  [
    '{oauth2: {client_id: a}, bearer_token: b}',
    'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
  ],
  [
    '{basic_auth: {username: a, username_file: b}}',
    'at most one of basic_auth username, username_file & username_ref must be configured',
  ],
  [
    '{basic_auth: {password: a, password_ref: b}}',
    'at most one of basic_auth password, password_file & password_ref must be configured',
  ],
  [
    '{authorization: {credentials: a}, bearer_token: b}',
    'authorization is not compatible with bearer_token & bearer_token_file',
  ],
  [
    '{authorization: {credentials: a, credentials_file: b}}',
    'at most one of authorization credentials & credentials_file must be configured',
  ],
  ['{authorization: {type: " bAsic "}}', 'authorization type cannot be set to "basic", use "basic_auth" instead'],
  ['{authorization: {}, basic_auth: {}}', 'at most one of basic_auth, oauth2 & authorization must be configured'],
  ['{oauth2: {client_id: a}, basic_auth: {}}', 'at most one of basic_auth, oauth2 & authorization must be configured'],
  ['{tls_config: {ca: a, ca_file: b}}', 'at most one of ca, ca_file & ca_ref must be configured'],
  ['{tls_config: {cert: a, cert_file: b, key: c}}', 'at most one of cert, cert_file & cert_ref must be configured'],
  ['{tls_config: {key: a, key_file: b, cert: c}}', 'at most one of key and key_file must be configured'],
  [
    '{tls_config: {cert: a}}',
    'exactly one of key or key_file must be configured when a client certificate is configured',
  ],
  ['{tls_config: {key: a}}', 'exactly one of cert or cert_file must be configured when a client key is configured'],
  ['{tls_config: {min_version: TLS9}}', 'unknown TLS version: TLS9'],
  ['{tls_config: {cafile: a}}', 'field cafile not found in type config.plain'],
  ['{basic_auth: {user: a}}', 'field user not found in type config.plain'],
  ['{authorization: {user: a}}', 'field user not found in type config.Authorization'],
];
for (const [yaml, why] of refused) {
  test(`refused: ${yaml}`, () => {
    assert.throws(
      () => job(yaml),
      (error: Error) => error.message.includes(why),
    );
  });
}

const client = (yaml: string, dir = '') => {
  const printed = printJob(job(yaml, dir));
  const lines = printed.split('\n');
  const from = lines.findIndex((line) => /^(basic_auth|authorization|tls_config|follow_redirects)/.test(line));
  return lines.slice(from, -1).join('\n');
};
const REST = 'follow_redirects: true\nenable_http2: true';
const prints: [yaml: string, want: string][] = [
  ['{}', REST],
  ['{bearer_token: s}', `authorization:\n  type: Bearer\n  credentials: <secret>\n${REST}`],
  ['{bearer_token_file: f}', `authorization:\n  type: Bearer\n  credentials_file: /etc/f\n${REST}`],
  ['{authorization: {}}', `authorization:\n  type: Bearer\n${REST}`],
  ['{basic_auth: {username: u, password: p}}', `basic_auth:\n  username: u\n  password: <secret>\n${REST}`],
  ['{basic_auth: {password_file: /x/f}}', `basic_auth:\n  password_file: /x/f\n${REST}`],
  [
    '{tls_config: {ca_file: ../ca.pem, cert: c, key: k, min_version: TLS13}}',
    `tls_config:\n  cert: c\n  key: <secret>\n  ca_file: /ca.pem\n  insecure_skip_verify: false\n  min_version: TLS13\n${REST}`,
  ],
];
for (const [yaml, want] of prints) {
  test(`printed with files where they are and secrets masked: ${yaml}`, () => assert.equal(client(yaml, '/etc'), want));
}

const pairs: [a: string, b: string, isSame: boolean][] = [
  ['{bearer_token: a}', '{authorization: {credentials: a}}', true],
  ['{bearer_token: a}', '{bearer_token: b}', false],
  ['{basic_auth: {password: a}}', '{basic_auth: {password: b}}', false],
  ['{tls_config: {cert: c, key: a}}', '{tls_config: {cert: c, key: b}}', false],
  ['{scrape_interval: 1m}', '{scrape_interval: 60s}', true],
  ['{scrape_interval: 1m}', '{scrape_interval: 61s}', false],
];
for (const [a, b, isSame] of pairs) {
  test(`${a} is ${isSame ? '' : 'not '}the same job as ${b}`, () => assert.equal(isSameJob(job(a), job(b)), isSame));
}

test('keys that have no effect yet are named', () => {
  assert.deepEqual(unsupportedClientKeys(job('{oauth2: {client_id: a}, proxy_url: "http://p"}')), [
    'oauth2',
    'proxy_url',
  ]);
  assert.deepEqual(unsupportedClientKeys(job('{bearer_token: a, tls_config: {ca: b}}')), []);
});

const hosts: [host: string, other: string, want: boolean][] = [
  ['example.com', 'example.com', true],
  ['example.com', 'www.example.com', true],
  ['example.com', 'badexample.com', false],
  ['www.example.com', 'example.com', false],
  ['10.0.0.1', '10.0.0.2', false],
  ['[::1]', '[::1]', true],
  ['example.com', '[::1%25.example.com]', false],
];
for (const [host, other, want] of hosts) {
  test(`what is meant for ${host} may ${want ? '' : 'not '}be sent to ${other}`, () => {
    assert.equal(mayShareCredentials(host, other), want);
  });
}
