// The kernels that run on the shared arena, in the writer's thread only. Compiled to build/arena.wasm.
export {crc32c} from './crc32c';
export {headAppend, headLadderBytes, headValidate} from './head-append';
export {xorAppend, xorAppendMany, xorBytes, xorCopy, xorInit} from './xor';
export {xor2Append, xor2AppendMany, xor2Bytes, xor2Copy, xor2Init} from './xor2';
export {xxhash64, xxhash64To} from './xxhash64';
export {encodeLabelSets} from './log-series';
export {indexHash, stageAdd, stageFind, stageHash, stagePairs} from './label-index';
