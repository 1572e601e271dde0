import {WriteError} from './write-error.ts';

const V1 = 'prometheus.WriteRequest';
const V2 = 'io.prometheus.write.v2.Request';

/** Checks that the headers announce a message that is accepted and supported: throws WriteError 415 otherwise. */
export function checkContent(contentType: string, contentEncoding: string, accepted: readonly string[]): void {
  const message = messageOf(contentType);
  if (!accepted.includes(message)) {
    throw new WriteError(
      415,
      `${message} protobuf message is not accepted by this server; only accepts ${accepted.join(', ')}`,
    );
  }
  if (message === V2) throw new WriteError(415, `${V2} protobuf message is not supported yet; send ${V1}`);
  if (contentEncoding !== '' && contentEncoding.toLowerCase() !== 'snappy') {
    throw new WriteError(
      415,
      `${contentEncoding} encoding (compression) is not accepted by this server; only snappy is acceptable`,
    );
  }
}

/** The message that a Content-Type names; without one it is that of version 1. */
function messageOf(contentType: string): string {
  if (contentType === '') return V1;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  if (type?.toLowerCase() !== 'application/x-protobuf') {
    throw new WriteError(
      415,
      `expected application/x-protobuf as the first (media) part, got ${contentType} content-type`,
    );
  }
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=').map((part) => part.trim());
    if (name?.toLowerCase() !== 'proto') continue;
    if (value === V1 || value === V2) return value;
    throw new WriteError(415, `unknown type for remote write protobuf message ${value}, supported: ${V1}, ${V2}`);
  }
  return V1;
}
