/** The bytes of a chunk are not what its encoding allows: a damaged file, never a bug of the reader. */
export class ChunkError extends Error {
  override readonly name = 'ChunkError';
}
