import {randomBytes} from 'node:crypto';
import {success, type Answer} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {readParameters} from '@narthex/http/parameters.ts';
import {parseMetricSelector} from '@narthex/promql/parse/parser.ts';
import type {Deletion} from '../compact/messages.ts';
import {forParameter, optionalTime} from '../query/parameters.ts';
import type {Exchange} from '../web/exchange.ts';
import type {WebServer} from '../web/server.ts';

const CHANGE = ['POST', 'PUT'];
const DONE: Answer = {status: 204, headers: {}, body: ''};
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** What the admin API does to storage. */
export interface StorageAdmin {
  deleteSeries(deletion: Deletion): Promise<void>;
  cleanTombstones(): Promise<void>;
  /** Copy the database to a new folder `name` below `snapshots`. */
  snapshot(name: string, skipHead: boolean): Promise<void>;
}

/** Deleting series and copying the database, where `enabled`. */
export function addAdminRoutes(server: WebServer, enabled: boolean, admin: StorageAdmin): void {
  const route = (name: string, answer: (parameters: URLSearchParams) => Promise<Answer>) =>
    server.route(CHANGE, `/api/v1/admin/tsdb/${name}`, async ({request, query}: Exchange) => {
      if (!enabled) throw new ApiError('unavailable', 'admin APIs disabled');
      return answer(new URLSearchParams(await readParameters(request, query)));
    });
  route('delete_series', async (parameters) => {
    await admin.deleteSeries(deletionOf(parameters));
    return DONE;
  });
  route('clean_tombstones', async () => {
    await admin.cleanTombstones();
    return DONE;
  });
  route('snapshot', async (parameters) => {
    const name = snapshotName(Date.now());
    await admin.snapshot(name, skipHeadOf(parameters));
    return success({name});
  });
}

/** The time to the second, and a number that nobody else has. */
function snapshotName(timeMs: number): string {
  const time = new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(8).toString('hex')}`;
}

/** What a request wants deleted. Throws ApiError `bad_data`. */
export function deletionOf(parameters: URLSearchParams): Deletion {
  const selectors = parameters.getAll('match[]');
  if (selectors.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
  const startMs = optionalTime(parameters, 'start', -Infinity);
  const endMs = optionalTime(parameters, 'end', Infinity);
  for (const selector of selectors) forParameter('match[]', () => parseMetricSelector(selector));
  return {selectors, startMs, endMs};
}

function skipHeadOf(parameters: URLSearchParams): boolean {
  const text = parameters.get('skip_head') ?? '';
  if (text === '' || FALSE.has(text)) return false;
  if (TRUE.has(text)) return true;
  const why = `unable to parse boolean: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new ApiError('bad_data', `invalid parameter "skip_head": ${why}`);
}
