import type tls from 'node:tls';
import {nodeTlsVersion, type TlsConfig} from './config.ts';
import {describeSecret, readSecret, SecretError} from './secret.ts';

/** What a TLS configuration amounts to now, for `tls.connect`. */
export interface TlsIdentity {
  readonly options: tls.ConnectionOptions;
  /** Equal exactly when certificates and key are: a change makes new connections necessary. */
  readonly key: string;
}

const PEM_CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;

/** Only asked for when a target wants TLS: it takes 8 MB. */
const nodeTls = (): typeof tls => process.getBuiltinModule('node:tls');

/** Reads certificates and key, from their files each time they are asked for. */
export class TlsSettings {
  readonly #config: TlsConfig;
  #last: TlsIdentity | undefined;

  constructor(config: TlsConfig) {
    this.#config = config;
  }

  /** The same object as last time unless a file has changed. Throws SecretError. */
  read(): TlsIdentity {
    const {ca, caFile, caRef, cert, certFile, certRef, key, keyFile, keyRef} = this.#config;
    const certSource = {text: cert, file: certFile, ref: certRef};
    const keySource = {text: key, file: keyFile, ref: keyRef};
    const caSource = {text: ca, file: caFile, ref: caRef};
    const texts = {
      ca: readSecret(caSource, 'CA cert'),
      cert: readSecret(certSource, 'specified client cert'),
      key: readSecret(keySource, 'specified client key'),
    };
    const identity = JSON.stringify([texts.ca, texts.cert, texts.key]);
    if (this.#last?.key === identity) return this.#last;
    if (texts.ca !== undefined && !PEM_CERTIFICATE.test(texts.ca)) {
      throw new SecretError(`unable to use specified CA cert ${describeSecret(caSource)}`);
    }
    try {
      this.#last = {options: this.#options(texts), key: identity};
    } catch (cause) {
      const [certFrom, keyFrom] = [describeSecret(certSource), describeSecret(keySource)];
      const {message} = cause as Error;
      throw new SecretError(`unable to use specified client cert (${certFrom}) & key (${keyFrom}): ${message}`, {
        cause,
      });
    }
    return this.#last;
  }

  #options({ca, cert, key}: {ca: string | undefined; cert: string | undefined; key: string | undefined}) {
    const {serverName, insecureSkipVerify, minVersion, maxVersion} = this.#config;
    // Made once for all connections: parsing certificates takes milliseconds.
    const secureContext = nodeTls().createSecureContext({
      ca: ca ?? systemCertificates(),
      cert,
      key,
      ...(minVersion !== '' && {minVersion: nodeTlsVersion(minVersion)}),
      ...(maxVersion !== '' && {maxVersion: nodeTlsVersion(maxVersion)}),
    });
    return {secureContext, rejectUnauthorized: !insecureSkipVerify, ...(serverName !== '' && {servername: serverName})};
  }
}

/** What the system trusts, as upstream; Node's own list where the system has none. */
function systemCertificates(): string[] | undefined {
  // Node gives what is found in several places several times.
  const system = new Set(nodeTls().getCACertificates('system'));
  return system.size > 0 ? [...system] : undefined;
}
