// How servers are asked over HTTP, with upstream's keys and words (prometheus/common/config/http_config.go): who we are, whom we trust.
// `*_ref` keys name secrets of a secret manager, which this server does not have: they are refused when they are used, as upstream.
import path from 'node:path';
import {bool, parsedScalar, secret, string} from '@narthex/yaml/scalars.ts';
import {field, optional, printed, struct, type StructOf} from '@narthex/yaml/struct.ts';
import {unread, unreadKeys} from '@narthex/yaml/unread.ts';

const TLS_VERSIONS = {TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3'} as const;

export type TlsVersion = keyof typeof TLS_VERSIONS;

/** The name that Node has for a version. */
export const nodeTlsVersion = (version: TlsVersion): (typeof TLS_VERSIONS)[TlsVersion] => TLS_VERSIONS[version];

const tlsVersion = parsedScalar<TlsVersion | ''>(
  'config.TLSVersion',
  '',
  (text) => {
    if (!Object.hasOwn(TLS_VERSIONS, text)) throw new Error(`unknown TLS version: ${text}`);
    return text as TlsVersion;
  },
  (version) => version,
);

const basicAuth = struct('config.plain', {
  username: field(string),
  username_file: field(string),
  username_ref: field(string),
  password: field(secret),
  password_file: field(string),
  password_ref: field(string),
});

const authorization = struct('config.Authorization', {
  type: field(string),
  credentials: field(secret),
  credentials_file: field(string),
  credentials_ref: field(string),
});

const tlsFields = {
  ca: field(string),
  cert: field(string),
  key: field(secret),
  ca_file: field(string),
  cert_file: field(string),
  key_file: field(string),
  ca_ref: field(string),
  cert_ref: field(string),
  key_ref: field(string),
  server_name: field(string),
  insecure_skip_verify: printed(field(bool)),
  min_version: field(tlsVersion),
  max_version: field(tlsVersion),
};

export type TlsConfig = StructOf<typeof tlsFields>;

const tlsConfig = struct('config.plain', tlsFields, {check: checkTls, goType: 'config.TLSConfig'});

/** Settings that are recognised and not acted on yet. */
const laterFields = {
  oauth2: field(unread),
  proxy_url: field(unread),
  no_proxy: field(unread),
  proxy_from_environment: field(unread),
  proxy_connect_header: field(unread),
  http_headers: field(unread),
};

/** The keys of an HTTP client, to be spread into those of what uses one; `checkHttpClient` checks them together. */
export const httpClientFields = {
  basic_auth: optional(basicAuth),
  authorization: optional(authorization),
  bearer_token: field(secret),
  bearer_token_file: field(string),
  tls_config: field(tlsConfig),
  follow_redirects: field(bool, true),
  enable_http2: field(bool, true),
  ...laterFields,
};

/** How servers are asked, checked. File names may be relative to the folder of the configuration. */
export type HttpClientConfig = StructOf<typeof httpClientFields>;

/** Keys that are there and have no effect yet. */
export function unsupportedClientKeys(config: HttpClientConfig): string[] {
  return unreadKeys(config, Object.keys(laterFields));
}

function refuse(message: string): never {
  throw new Error(message);
}

const given = (...texts: readonly string[]): number => texts.filter((text) => text !== '').length;

function checkTls(config: TlsConfig): TlsConfig {
  const {ca, caFile, caRef, cert, certFile, certRef, key, keyFile, keyRef} = config;
  if (given(ca, caFile, caRef) > 1) refuse('at most one of ca, ca_file & ca_ref must be configured');
  if (given(cert, certFile, certRef) > 1) refuse('at most one of cert, cert_file & cert_ref must be configured');
  if (given(key, keyFile, keyRef) > 1) refuse('at most one of key and key_file must be configured');
  const [hasCert, hasKey] = [given(cert, certFile, certRef) > 0, given(key, keyFile, keyRef) > 0];
  if (hasCert && !hasKey)
    refuse('exactly one of key or key_file must be configured when a client certificate is configured');
  if (hasKey && !hasCert) refuse('exactly one of cert or cert_file must be configured when a client key is configured');
  return config;
}

/** Throws in upstream's words what contradicts itself. A bearer token becomes the authorization that it is short for. */
export function checkHttpClient<T extends HttpClientConfig>(config: T): T {
  const {bearerToken, bearerTokenFile, basicAuth, authorization, oauth2} = config;
  const tokens = given(bearerToken, bearerTokenFile);
  if (tokens > 1) refuse('at most one of bearer_token & bearer_token_file must be configured');
  if ((basicAuth || oauth2) && tokens > 0) {
    refuse('at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured');
  }
  if (basicAuth) checkBasicAuth(basicAuth);
  if (authorization && tokens > 0) refuse('authorization is not compatible with bearer_token & bearer_token_file');
  const checked = authorization && checkAuthorization(authorization);
  if ((basicAuth && oauth2) || (checked && (basicAuth || oauth2))) {
    refuse('at most one of basic_auth, oauth2 & authorization must be configured');
  }
  if (tokens === 0) return {...config, authorization: checked};
  return {...config, authorization: bearer(bearerToken, bearerTokenFile), bearerToken: '', bearerTokenFile: ''};
}

type BasicAuth = NonNullable<HttpClientConfig['basicAuth']>;
type Authorization = NonNullable<HttpClientConfig['authorization']>;

function checkBasicAuth(auth: BasicAuth): void {
  const {username, usernameFile, usernameRef, password, passwordFile, passwordRef} = auth;
  if (given(username, usernameFile, usernameRef) > 1) {
    refuse('at most one of basic_auth username, username_file & username_ref must be configured');
  }
  if (given(password, passwordFile, passwordRef) > 1) {
    refuse('at most one of basic_auth password, password_file & password_ref must be configured');
  }
}

function checkAuthorization(authorization: Authorization): Authorization {
  const {credentials, credentialsFile, credentialsRef} = authorization;
  if (given(credentials, credentialsFile, credentialsRef) > 1) {
    refuse('at most one of authorization credentials & credentials_file must be configured');
  }
  const type = authorization.type.trim() || 'Bearer';
  if (type.toLowerCase() === 'basic') {
    refuse('authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  return {...authorization, type};
}

const bearer = (credentials: string, credentialsFile: string): Authorization => ({
  type: 'Bearer',
  credentials,
  credentialsFile,
  credentialsRef: '',
});

/** The same with file names that count from `dir`. */
export function withFilesIn<T extends HttpClientConfig>(dir: string, config: T): T {
  const join = (file: string) => joinDir(dir, file);
  const {basicAuth, authorization, tlsConfig} = config;
  return {
    ...config,
    basicAuth: basicAuth && {
      ...basicAuth,
      usernameFile: join(basicAuth.usernameFile),
      passwordFile: join(basicAuth.passwordFile),
    },
    authorization: authorization && {...authorization, credentialsFile: join(authorization.credentialsFile)},
    tlsConfig: {
      ...tlsConfig,
      caFile: join(tlsConfig.caFile),
      certFile: join(tlsConfig.certFile),
      keyFile: join(tlsConfig.keyFile),
    },
  };
}

/** A file name of a configuration in `dir`; '' stays ''. */
export function joinDir(dir: string, file: string): string {
  return file === '' || path.isAbsolute(file) ? file : path.join(dir, file);
}
