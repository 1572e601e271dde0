/**
 * What a storage error is about: clients and metrics switch on it, so a member is never renamed.
 *
 * - `wal_write`: a commit could not be written to the log; nothing of it was stored, later commits may succeed.
 * - `wal_read`: a file of the log cannot be opened, read or listed.
 * - `wal_corrupt`: the log is damaged in a way that is not repaired by itself (a checkpoint, a missing segment).
 * - `block_read`: a file of a block cannot be opened, read or listed, or a block that a query needs cannot be used.
 * - `partial_head`: the log has samples that the head does not take, so that what was asked for would lack them.
 * - `locked`: another process uses the data folder.
 * - `data_folder`: the data folder cannot be made or used.
 */
export type StorageErrorCode =
  | 'wal_write'
  | 'wal_read'
  | 'wal_corrupt'
  | 'block_read'
  | 'partial_head'
  | 'locked'
  | 'data_folder';

/** The storage failed because of the world outside (disk, files, another process), never because of a sample. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  /** The name of the system's error (`ENOSPC`, `EIO`, ...), where one is behind it. */
  readonly errno: string | undefined;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, {cause});
    this.code = code;
    this.errno = errnoOf(cause);
  }
}

/** The name of the system's error behind `error` (`ENOSPC`, ...); undefined when it is not one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What happened, in the system's words, for a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
