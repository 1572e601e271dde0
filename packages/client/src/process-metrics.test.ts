import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {addNodeMetrics} from './node-metrics.ts';
import {addProcessMetrics} from './process-metrics.ts';
import {Registry} from './registry.ts';

/** Values of metrics without labels by name. */
function valuesOf(registry: Registry): Map<string, number> {
  const values = new Map<string, number>();
  for (const {name, metrics} of registry.snapshot().families) {
    const [{point, labels}] = metrics;
    if (labels.length === 0 && point.kind === 'number') values.set(name, point.value);
  }
  return values;
}

test('process metrics of a made-up /proc', (t) => {
  const proc = mkdtempSync(join(tmpdir(), 'narthex-proc-'));
  t.after(() => rmSync(proc, {recursive: true}));
  mkdirSync(join(proc, 'self/fd'), {recursive: true});
  mkdirSync(join(proc, 'self/net'), {recursive: true});
  for (const fd of [0, 1, 2, 3]) writeFileSync(join(proc, 'self/fd', String(fd)), '');
  const fields = Array.from({length: 50}, (_, i) => String(i + 3));
  fields[0] = 'S';
  fields[19] = '12345';
  fields[20] = '987654';
  writeFileSync(join(proc, 'self/stat'), `42 (a) b (c) ${fields.join(' ')}\n`);
  writeFileSync(join(proc, 'stat'), 'cpu 1 2 3\nbtime 1700000000\n');
  writeFileSync(
    join(proc, 'self/limits'),
    'Limit                     Soft Limit           Hard Limit           Units\n' +
      'Max open files            1024                 4096                 files\n' +
      'Max address space         unlimited            unlimited            bytes\n',
  );
  writeFileSync(
    join(proc, 'self/net/netstat'),
    'TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 111 222\n',
  );
  const registry = new Registry();
  addProcessMetrics(registry, proc);
  const values = valuesOf(registry);
  assert.equal(values.get('process_start_time_seconds'), 1700000123.45);
  assert.equal(values.get('process_virtual_memory_bytes'), 987654);
  assert.equal(values.get('process_open_fds'), 3);
  assert.equal(values.get('process_max_fds'), 1024);
  assert.equal(values.get('process_virtual_memory_max_bytes'), 2 ** 64);
  assert.equal(values.get('process_network_receive_bytes_total'), 111);
  assert.equal(values.get('process_network_transmit_bytes_total'), 222);
  assert.ok(values.get('process_cpu_seconds_total')! > 0);
  assert.ok(values.get('process_resident_memory_bytes')! > 1e6);
});

test('what the system does not tell is left out', () => {
  const registry = new Registry();
  addProcessMetrics(registry, '/nowhere');
  const values = valuesOf(registry);
  assert.ok(!values.has('process_open_fds'));
  assert.ok(!values.has('process_network_receive_bytes_total'));
  const start = values.get('process_start_time_seconds')!;
  assert.ok(Math.abs(start - (Date.now() / 1000 - process.uptime())) < 5);
  assert.equal(valuesOf(registry).get('process_start_time_seconds'), start);
});

test('Node metrics come under their usual names and can be stopped', () => {
  const registry = new Registry();
  const stop = addNodeMetrics(registry);
  const {families, errors} = registry.snapshot();
  assert.deepEqual(errors, []);
  const names = new Set(families.map((family) => family.name));
  for (const name of [
    'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
    'nodejs_heap_space_size_total_bytes',
    'nodejs_gc_duration_seconds',
    'nodejs_active_handles_total',
    'nodejs_version_info',
  ]) {
    assert.ok(names.has(name), name);
  }
  stop();
  assert.deepEqual(registry.snapshot().families, []);
});
