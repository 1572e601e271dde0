import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MessageChannel} from 'node:worker_threads';
import {Caller, CallError, serveCalls} from './rpc.ts';

const calls = {
  double: (x: number) => 2 * x,
  length: async (bytes: Uint8Array) => bytes.length,
  fail: (code: string) => {
    throw Object.assign(new Error('no room'), {code});
  },
  never: (_: null) => new Promise<void>(() => {}),
};

async function withCaller(use: (caller: Caller<typeof calls>) => Promise<void>): Promise<void> {
  const {port1, port2} = new MessageChannel();
  serveCalls(port2, calls);
  try {
    await use(new Caller<typeof calls>(port1));
  } finally {
    port1.close();
  }
}

test('calls give back values', () => withCaller(async (caller) => assert.equal(await caller.call('double', 21), 42)));

test('buffers are transferred, not copied', () =>
  withCaller(async (caller) => {
    const bytes = new Uint8Array(10);
    assert.equal(await caller.call('length', bytes, [bytes.buffer]), 10);
    assert.equal(bytes.length, 0);
  }));

test('errors keep message and code', () =>
  withCaller(async (caller) => {
    await assert.rejects(caller.call('fail', 'wal_write'), new CallError('no room', 'wal_write'));
  }));

test('calls fail when the thread is gone', () =>
  withCaller(async (caller) => {
    const waiting = caller.call('never', null);
    caller.fail('the thread is gone');
    await assert.rejects(waiting, new CallError('the thread is gone', 'gone'));
    await assert.rejects(caller.call('double', 1), new CallError('the thread is gone', 'gone'));
  }));
