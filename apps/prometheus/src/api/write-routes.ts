import {BodyTooLargeError, readBody} from '@narthex/http/body.ts';
import {text, type Answer} from '@narthex/http/envelope.ts';
import type {IngestClient} from '../ingest/ingest-client.ts';
import type {Exchange} from '../web/exchange.ts';
import type {WebServer} from '../web/server.ts';

/** A request's body, still compressed; more than its 32 MiB unpacked can't be in one that is valid. */
const BODY_BYTES_MAX = 40 << 20;
/** Bytes of bodies that may be on their way to the ingest thread at once. */
const CREDIT_BYTES = 128 << 20;

const DISABLED = text(404, 'remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n');
const BUSY: Answer = {
  ...text(503, 'too many bytes of remote write are waiting to be stored, try again\n'),
  headers: {'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '1'},
};

export interface WriteRoutesOptions {
  readonly enabled: boolean;
  readonly ingest: IngestClient;
}

/** Remote write: bodies go to the ingest thread as they came, not more at once than it has credit for. */
export function addWriteRoutes(server: WebServer, {enabled, ingest}: WriteRoutesOptions): void {
  let inFlight = 0;
  server.route(['POST'], '/api/v1/write', async ({request}: Exchange) => {
    if (!enabled) return DISABLED;
    const announced = Math.min(BODY_BYTES_MAX, Number(request.headers['content-length'] ?? BODY_BYTES_MAX));
    if (inFlight + announced > CREDIT_BYTES) return BUSY;
    inFlight += announced;
    try {
      return await write(ingest, request);
    } finally {
      inFlight -= announced;
    }
  });
}

async function write(ingest: IngestClient, request: Exchange['request']): Promise<Answer> {
  try {
    const body = await readBody(request, BODY_BYTES_MAX);
    const contentType = request.headers['content-type'] ?? '';
    const contentEncoding = (request.headers['content-encoding'] as string | undefined) ?? '';
    const {status, message} = await ingest.caller.call('write', {body, contentType, contentEncoding}, [body.buffer]);
    return status === 204 ? {status, headers: {}, body: ''} : text(status, `${message}\n`);
  } catch (error) {
    if (error instanceof BodyTooLargeError) return text(413, `${error.message}\n`);
    return text(500, `${(error as Error).message}\n`);
  }
}
