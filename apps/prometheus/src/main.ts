// The program: reads the command line and the configuration, runs the server until it is told to stop.
import path from 'node:path';
import {loadConfig, type LoadedConfig} from './config/load-config.ts';
import {announceFeatures, featureConflict} from './flags/features.ts';
import {flagTable} from './flags/flag-table.ts';
import {helpText} from './flags/help.ts';
import {type Options, optionsOf, refuseModes} from './flags/options.ts';
import {FlagError, type FlagValues, parseFlags} from './flags/parse-flags.ts';
import {Logger} from './log/logger.ts';
import {Server, versionText} from './server.ts';
import {VERSION} from './version.ts';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function fail(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function readFlags(): {flags: FlagValues; options: Options} {
  try {
    const flags = parseFlags(process.argv.slice(2));
    if (flags.bool('help')) {
      process.stdout.write(helpText());
      process.exit(0);
    }
    if (flags.bool('version')) {
      process.stdout.write(versionText);
      process.exit(0);
    }
    refuseModes(flags);
    return {flags, options: optionsOf(flags)};
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return fail(
      EXIT_USAGE,
      `Error parsing command line arguments: ${error.message}\nprometheus: error: ${error.message}, try --help`,
    );
  }
}

function warnOfFlags(flags: FlagValues, log: Logger): void {
  for (const {name, effect} of flagTable) {
    if (effect === 'later' && flags.given.has(name)) log.warn('This flag has no effect yet', {flag: `--${name}`});
  }
}

function readConfiguration(file: string, log: Logger): LoadedConfig {
  try {
    return loadConfig(file);
  } catch (error) {
    log.error(`Error loading config (--config.file=${file})`, {file: path.resolve(file), err: error});
    process.exit(EXIT_USAGE);
  }
}

function handleSignals(server: Server, log: Logger): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.warn('Received an OS signal, exiting gracefully...', {signal});
      server.ended.resolve(0);
    });
  }
  process.on('SIGHUP', () => void server.reload().catch(() => {}));
}

const {flags, options} = readFlags();
const log = new Logger(options.logLevel, options.logFormat);
announceFeatures(options.features, log);
const conflict = featureConflict(options.features);
if (conflict !== undefined) fail(EXIT_FAILURE, `Error parsing feature list: ${conflict}`);
log.info('Starting Prometheus Server', {mode: 'server', version: `(narthex, as Prometheus ${VERSION})`});
warnOfFlags(flags, log);
const server = new Server(options, flags, readConfiguration(options.configFile, log), log);
handleSignals(server, log);
try {
  await server.start();
} catch (error) {
  log.error('Fatal error', {err: error});
  await server.stop().catch(() => {});
  process.exit(EXIT_FAILURE);
}
const exitCode = await server.ended.promise;
await server.stop();
process.exit(exitCode);
