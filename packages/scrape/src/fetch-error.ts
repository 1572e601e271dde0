import {quoteGo} from '@narthex/model/quote.ts';

/** A scrape that got no body; the message is what users see as the target's last error. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError';
}

/** The body is larger than `body_size_limit` allows. */
export class BodySizeLimitError extends ScrapeError {
  constructor() {
    super('body size limit exceeded');
  }
}

/** A failure of a request as a whole, which names what was asked for. */
export function requestError(url: string, reason: string, cause?: unknown): ScrapeError {
  return new ScrapeError(`Get ${quoteGo(url)}: ${reason}`, {cause});
}

type NetworkError = NodeJS.ErrnoException & {address?: string; port?: number; hostname?: string};

/** Why a connection failed, in the words that operators know from upstream. */
export function networkReason(error: Error): string {
  const {code = '', address, port, hostname, message, syscall} = firstOf(error);
  const peer = `dial tcp ${address?.includes(':') ? `[${address}]` : address}:${port}`;
  if (syscall === 'connect' && code in CONNECT_REASONS) return `${peer}: connect: ${CONNECT_REASONS[code]}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`;
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: Temporary failure in name resolution`;
  if (code === 'ECONNRESET') return isHangUp(message) ? 'EOF' : 'read: connection reset by peer';
  if (code === 'EPROTO') return protocolReason(message);
  return TLS_REASONS[code] ?? message;
}

/** OpenSSL's errors are long: `...:SSL routines:function:reason:file:line:`. */
function protocolReason(message: string): string {
  const reason = /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  if (reason === 'wrong version number' || reason === 'packet length too long') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return reason === undefined ? message : `tls: ${reason}`;
}

/** Why a body ended before its end. */
export function bodyReason(error: Error): string {
  const {code, message} = firstOf(error);
  if (code !== 'ECONNRESET') return message;
  return isHangUp(message) ? 'unexpected EOF' : 'read: connection reset by peer';
}

/** A name may have several addresses: the first one's failure stands for all. */
function firstOf(error: Error): NetworkError {
  return error instanceof AggregateError ? (error.errors[0] as NetworkError) : error;
}

const isHangUp = (message: string): boolean => message === 'socket hang up' || message === 'aborted';

const CONNECT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  ECONNRESET: 'connection reset by peer',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
};

const UNKNOWN_AUTHORITY = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

const TLS_REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED:
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is after the certificate ends',
  CERT_NOT_YET_VALID:
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is before the certificate begins',
};
