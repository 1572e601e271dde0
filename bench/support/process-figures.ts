import fs from 'node:fs';

/** Ticks a second of the times in /proc, on every Linux. */
const TICKS = 100;

/** Processor seconds, of user and system together, that a process took so far. */
export function cpuSeconds(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process in MB of 2^20 bytes: now, or the most that it ever was. */
export function residentMegabytes(pid: number, which: 'now' | 'peak' = 'now'): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const name = which === 'now' ? 'VmRSS' : 'VmHWM';
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024;
}
