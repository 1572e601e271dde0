import type {IncomingMessage} from 'node:http';

/** A request body over its limit. The rest of it is not read. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`request body larger than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** The client went away before its request was complete. */
export class HungUpError extends Error {
  override readonly name = 'HungUpError';
}

/**
 * The whole body, in memory of its own that may be transferred to another thread. A declared length is checked before anything is read,
 * and memory grows with what really came, so that a claim costs nothing. Throws BodyTooLargeError, HungUpError.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) return Promise.reject(new BodyTooLargeError(limitBytes));
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const take = (part: Buffer) => {
      size += part.length;
      if (size <= limitBytes) return void parts.push(part);
      // What comes later is for whoever ends the connection.
      request.off('data', take);
      request.pause();
      parts.length = 0;
      return reject(new BodyTooLargeError(limitBytes));
    };
    request.on('data', take);
    request.on('end', () => resolve(join(parts, size)));
    request.on('error', (cause) => reject(new HungUpError('the client hung up', {cause})));
    request.on('close', () => reject(new HungUpError('the client hung up')));
  });
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
