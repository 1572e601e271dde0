import type {HttpClientConfig} from './config.ts';
import {readSecret} from './secret.ts';

/**
 * The `Authorization` header that the configuration wants now, undefined when it wants none. Files are read each time, so that
 * tokens can be renewed. Throws SecretError.
 */
export function authorizationHeader({authorization, basicAuth}: HttpClientConfig): string | undefined {
  if (authorization) {
    const {type, credentials: text, credentialsFile: file, credentialsRef: ref} = authorization;
    return `${type} ${readSecret({text, file, ref}, 'authorization credentials') ?? ''}`;
  }
  if (!basicAuth) return undefined;
  const {username, usernameFile, usernameRef, password, passwordFile, passwordRef} = basicAuth;
  const user = readSecret({text: username, file: usernameFile, ref: usernameRef}, 'basic auth username') ?? '';
  const pass = readSecret({text: password, file: passwordFile, ref: passwordRef}, 'basic auth password') ?? '';
  return `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;
}

/** Whether what is meant for `host` may be sent to `other`: the host itself, or one below it. As net/http of Go decides about redirects. */
export function mayShareCredentials(host: string, other: string): boolean {
  if (other === host) return true;
  // IPv6 addresses have nothing below them.
  return !/[:%[]/.test(other) && other.endsWith(`.${host}`);
}
