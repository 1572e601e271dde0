import {hostname} from 'node:os';
import {success} from '@narthex/http/envelope.ts';
import {formatDuration, formatGoDuration, parseDuration, parseGoDuration} from '@narthex/model/duration.ts';
import {formatRfc3339} from '@narthex/model/timestamp.ts';
import {type BlockMeta, printMeta} from '@narthex/tsdb/block/meta.ts';
import type {ReplayProgress} from '@narthex/tsdb/database.ts';
import {type Flag, flagTable} from '../flags/flag-table.ts';
import type {FlagValues} from '../flags/parse-flags.ts';
import {VERSION} from '../version.ts';
import type {WebServer} from '../web/server.ts';

/** What the status pages ask of the running server. */
export interface ServerStatus {
  readonly startMs: number;
  /** The configuration in force, as YAML. */
  configYaml(): string;
  lastReload(): {readonly successful: boolean; readonly timeMs: number};
  replayProgress(): ReplayProgress | undefined;
  /** Blocks that are read, by the time they begin at. */
  blocks(): Promise<readonly BlockMeta[]>;
  threads(): number;
  corruptions(): number;
}

const buildInfo = {
  version: VERSION,
  revision: '',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: `node ${process.version}`,
};

/** Configuration, flags, versions and the like. */
export function addStatusRoutes(server: WebServer, flags: FlagValues, status: ServerStatus): void {
  server.route(['GET'], '/api/v1/status/config', () => success({yaml: status.configYaml()}));
  server.route(['GET'], '/api/v1/status/flags', () =>
    success(Object.fromEntries(flagTable.filter(isListed).map((flag) => [flag.name, shown(flag, flags)]))),
  );
  server.route(['GET'], '/api/v1/status/buildinfo', () => success(buildInfo));
  server.route(['GET'], '/api/v1/status/runtimeinfo', () => success(runtimeInfo(status)));
  server.route(['GET'], '/api/v1/status/tsdb/blocks', async () => {
    const blocks = await status.blocks();
    return success({blocks: blocks.map((meta) => JSON.parse(printMeta(meta)) as unknown)});
  });
  server.route(['GET'], '/api/v1/status/walreplay', () => success(replayOf(status)), {always: true});
  server.route(
    ['GET'],
    '/version',
    () => ({status: 200, headers: {'Content-Type': 'application/json'}, body: `${JSON.stringify(buildInfo)}\n`}),
    {
      always: true,
    },
  );
}

const isListed = ({name}: {name: string}): boolean => !['help', 'version', 'write-documentation'].includes(name);

/** What a flag is set to, durations in upstream's words: `90s` is `1m30s`. */
function shown({name, type}: Flag, flags: FlagValues): string {
  const text = flags.texts(name).join(',');
  if (type === 'duration' && text !== '') return formatDuration(parseDuration(text));
  if (type === 'goDuration' && text !== '') return formatGoDuration(parseGoDuration(text));
  return text;
}

function runtimeInfo(status: ServerStatus): Record<string, unknown> {
  const {successful, timeMs} = status.lastReload();
  return {
    startTime: formatRfc3339(status.startMs),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: formatRfc3339(Date.now()),
    reloadConfigSuccess: successful,
    lastConfigTime: formatRfc3339(Math.trunc(timeMs / 1000) * 1000),
    corruptionCount: status.corruptions(),
    goroutineCount: status.threads(),
    GOMAXPROCS: status.threads(),
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: '',
  };
}

function replayOf(status: ServerStatus): {min: number; max: number; current: number} {
  const progress = status.replayProgress();
  return progress ? {min: progress.min, max: progress.max, current: progress.current} : {min: 0, max: 0, current: 0};
}
