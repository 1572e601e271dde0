// The kernels that run on a thread's own memory. Compiled to build/private.wasm.
export {crc32c, crc32cTables} from './crc32c';
