import zlib from 'node:zlib';

export type Encoding = 'gzip' | 'identity';

/** The encoding that a client takes, by its Accept-Encoding header. */
export function chooseEncoding(accepted: string | undefined): Encoding {
  for (const item of (accepted ?? '').split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    if (name === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return 'gzip';
  }
  return 'identity';
}

const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
const LAST_BLOCK = Uint8Array.of(3, 0);

/**
 * Makes one gzip member out of pieces, synchronously, for threads that may block. Each piece is a deflate stream of its own that ends on a
 * byte border, which costs a little compression and needs no state between pieces.
 */
export class GzipWriter {
  #crc = 0;
  #size = 0;

  /** The bytes before all pieces. */
  begin(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(HEADER);
  }

  piece(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#crc = zlib.crc32(bytes, this.#crc);
    this.#size = (this.#size + bytes.length) % 2 ** 32;
    // A copy, since small results of zlib lie in a pool that may not be transferred.
    return Uint8Array.from(zlib.deflateRawSync(bytes, {level: 1, finishFlush: zlib.constants.Z_SYNC_FLUSH}));
  }

  /** The bytes after all pieces. */
  end(): Uint8Array<ArrayBuffer> {
    const tail = new Uint8Array(LAST_BLOCK.length + 8);
    tail.set(LAST_BLOCK);
    const view = new DataView(tail.buffer);
    view.setUint32(LAST_BLOCK.length, this.#crc, true);
    view.setUint32(LAST_BLOCK.length + 4, this.#size, true);
    return tail;
  }
}
