import fs from 'node:fs';
import type {ArenaKernels, PrivateKernels} from '../build/exports.d.ts';

export type {ArenaKernels, PrivateKernels};

/** Copy `length` bytes at `from` in one memory to `to` in another. */
export type CopyBetween = (to: number, from: number, length: number) => void;

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(name: string): WebAssembly.Module {
  let module = modules.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(fs.readFileSync(new URL(`../build/${name}.wasm`, import.meta.url)));
    modules.set(name, module);
  }
  return module;
}

function instantiate<Exports>(name: string, imports: WebAssembly.Imports): Exports {
  return new WebAssembly.Instance(moduleOf(name), imports).exports as unknown as Exports;
}

/** The kernels that work on a thread's own memory. */
export const loadPrivateKernels = (memory: WebAssembly.Memory): PrivateKernels =>
  instantiate('private', {env: {memory}});

/** The kernels that work on the shared arena: for its one writer alone, since they write. */
export const loadArenaKernels = (memory: WebAssembly.Memory<SharedArrayBuffer>): ArenaKernels =>
  instantiate('arena', {env: {memory}});

/** A copy from the shared memory `source` into the thread's own `target`; some 20 ns for 200 bytes. Stays valid when `target` grows. */
export const loadCopy = (source: WebAssembly.Memory<SharedArrayBuffer>, target: WebAssembly.Memory): CopyBetween =>
  instantiate<{copy: CopyBetween}>('copy', {source: {memory: source}, target: {memory: target}}).copy;
