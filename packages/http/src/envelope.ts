import type {ApiError} from './errors.ts';

/** An answer that is complete in memory. `body` belongs to the one who sends it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

const json = {'Content-Type': 'application/json'};

/** What surrounds the data of a successful answer; `data` is JSON text already. */
export function successEnvelope(data: string, warnings: readonly string[] = [], infos: readonly string[] = []): string {
  return `{"status":"success","data":${data}${notes('warnings', warnings)}${notes('infos', infos)}}`;
}

function notes(key: string, list: readonly string[]): string {
  return list.length ? `,"${key}":${JSON.stringify(list)}` : '';
}

/** The answer to a request that succeeded: `data` is any JSON value. */
export function success(data: unknown, warnings?: readonly string[]): Answer {
  return {status: 200, headers: json, body: successEnvelope(JSON.stringify(data), warnings)};
}

/** The answer that tells a client what went wrong, as upstream words it. */
export function failure(error: ApiError): Answer {
  const body = JSON.stringify({status: 'error', errorType: error.type, error: error.message});
  return {status: error.status, headers: json, body};
}

/** A plain text answer: health pages and the like. */
export function text(status: number, body: string): Answer {
  return {status, headers: {'Content-Type': 'text/plain; charset=utf-8'}, body};
}
