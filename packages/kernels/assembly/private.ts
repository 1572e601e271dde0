// The kernels that run on a thread's own memory. Compiled to build/private.wasm.
export {crc32c, crc32cTables} from './crc32c';
export {xorAppendMany, xorBytes, xorCopy, xorDecode, xorInit} from './xor';
export {plainFloats} from './plain-floats';
export {xor2AppendMany, xor2Bytes, xor2Copy, xor2Init} from './xor2';
export {xor2Decode} from './xor2-decode';
export {xxhash64, xxhash64Seeded, xxhash64To} from './xxhash64';
export {snappyDecode, snappyEncode, snappyEncodedMax, snappyLength} from './snappy';
export {parseFloatText} from './float-text';
export * from './promql';
export {scrapeLines} from './scrape-lines';
export {walDecodeSeries, walEncodeSeries} from './wal-series';
export {
  walDecodeSamples,
  walEncodeSamples,
  walEncodeStartedSamples,
  walGroupSamples,
  walSamplesMax,
} from './wal-samples';
export {
  walBatchEnd,
  walDecodeHistograms,
  walEncodeHistograms,
  walHistogramsMax,
  walKinds,
  walTakeKinds,
} from './wal-histograms';
export {labelsArePlain, labelsRise} from './label-order';
export {growKnown, labelRanges, rememberSeries, remoteWrite, remoteWriteCheck} from './remote-write';
export {
  postingsFromBigEndian,
  postingsIntersect,
  postingsSpanBytes,
  postingsSubtract,
  postingsUnion,
  postingsUnionMany,
} from './postings';
