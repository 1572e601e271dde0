import {readdirSync, readFileSync} from 'node:fs';
import {type Description, familyOf} from './constant-families.ts';
import type {Registry} from './registry.ts';
import type {FamilySnapshot} from './snapshot.ts';

/** Ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node runs on. */
const USER_HZ = 100;

/** What the Go client writes for an unlimited resource. */
const UNLIMITED = 2 ** 64;

type Reader = (folder: string) => number | undefined;

interface ProcessMetric {
  readonly description: Description;
  /** Undefined where the system doesn't say. */
  readonly read: Reader;
}

/** These belong to the whole process, so of several threads one is enough. */
function metric(name: string, type: 'counter' | 'gauge', help: string, read: Reader): ProcessMetric {
  return {description: {name, help, type, aggregate: 'first'}, read};
}

const METRICS: readonly ProcessMetric[] = [
  metric('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', () => {
    const {user, system} = process.cpuUsage();
    return (user + system) / 1e6;
  }),
  metric('process_max_fds', 'gauge', 'Maximum number of open file descriptors.', (proc) =>
    limit(proc, 'Max open files'),
  ),
  metric(
    'process_network_receive_bytes_total',
    'counter',
    'Number of bytes received by the process over the network.',
    (proc) => networkBytes(proc, 'InOctets'),
  ),
  metric(
    'process_network_transmit_bytes_total',
    'counter',
    'Number of bytes sent by the process over the network.',
    (proc) => networkBytes(proc, 'OutOctets'),
  ),
  metric('process_open_fds', 'gauge', 'Number of open file descriptors.', openFiles),
  metric('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', () => process.memoryUsage.rss()),
  metric('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', startTime),
  metric('process_virtual_memory_bytes', 'gauge', 'Virtual memory size in bytes.', (proc) => statField(proc, 23)),
  metric('process_virtual_memory_max_bytes', 'gauge', 'Maximum amount of virtual memory available in bytes.', (proc) =>
    limit(proc, 'Max address space'),
  ),
];

/**
 * Adds the standard `process_*` metrics, named as in every other client library. What the system cannot tell (most of
 * it outside of Linux) is left out. `procFolder` is for tests.
 */
export function addProcessMetrics(registry: Registry, procFolder = '/proc'): void {
  const startSeconds = startTime(procFolder);
  registry.collector({
    names: METRICS.map(({description}) => description.name),
    *collect(): Generator<FamilySnapshot> {
      for (const {description, read} of METRICS) {
        // A start time that moved with the clock would look like a restart.
        const value = read === startTime ? startSeconds : read(procFolder);
        if (value !== undefined) yield familyOf(description, value);
      }
    },
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Field of /proc/self/stat as proc(5) counts them; the name of the process, field 2, may contain anything. */
function statField(proc: string, field: number): number | undefined {
  const text = readText(`${proc}/self/stat`);
  if (text === undefined) return undefined;
  const value = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[field - 3]);
  return Number.isFinite(value) ? value : undefined;
}

function startTime(proc: string): number {
  const ticks = statField(proc, 22);
  const boot = /^btime (\d+)$/m.exec(readText(`${proc}/stat`) ?? '')?.[1];
  if (ticks !== undefined && boot !== undefined) return Number(boot) + ticks / USER_HZ;
  return Date.now() / 1000 - process.uptime();
}

function openFiles(proc: string): number | undefined {
  try {
    // The listing itself holds one open.
    return readdirSync(`${proc}/self/fd`).length - 1;
  } catch {
    return undefined;
  }
}

/** The soft limit in a line such as `Max open files  1024  1048576  files`. */
function limit(proc: string, name: string): number | undefined {
  const line = readText(`${proc}/self/limits`)
    ?.split('\n')
    .find((text) => text.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  return soft === 'unlimited' ? UNLIMITED : soft === undefined ? undefined : Number(soft);
}

/** A counter of the `IpExt` lines of /proc/self/net/netstat: one line of names, one of numbers. */
function networkBytes(proc: string, name: string): number | undefined {
  const lines = (readText(`${proc}/self/net/netstat`) ?? '').split('\n').filter((line) => line.startsWith('IpExt:'));
  const column = lines[0]?.split(' ').indexOf(name) ?? -1;
  const value = lines[1]?.split(' ')[column];
  return value === undefined ? undefined : Number(value);
}
