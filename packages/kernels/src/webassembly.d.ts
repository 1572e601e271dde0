// TypeScript declares WebAssembly only together with the whole browser. This is the part that we use.
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  class Memory<B extends ArrayBuffer | SharedArrayBuffer = ArrayBuffer> {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: B;
    grow(pages: number): number;
  }
  // oxlint-disable-next-line typescript/no-extraneous-class
  class Module {
    constructor(bytes: Uint8Array);
  }
  type Imports = Record<string, Record<string, unknown>>;
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }
  class RuntimeError extends Error {}
}
