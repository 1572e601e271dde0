import {type ByteCursor, CursorError} from './byte-cursor.ts';

/** A label takes two bytes of an entry at least, a chunk three. */
const LABEL_BYTES = 2;
const CHUNK_BYTES = 3;

/** One series of an index: its labels and where its chunks are. Used again and again; its arrays grow and are never cut. */
export class SeriesEntry {
  labelCount = 0;
  /** Symbols of name and value of each label, in byte order of names. */
  labels = new Uint32Array(64);
  chunkCount = 0;
  /** Times of the first and the last sample of each chunk, ms, oldest chunk first. */
  minTimes = new Float64Array(64);
  maxTimes = new Float64Array(64);
  /** Where each chunk is: number of the file * 2^32 + offset. */
  refs = new Float64Array(64);

  /** Reads the content of an entry. Throws CursorError. */
  decode(cursor: ByteCursor): void {
    this.#labels(cursor);
    this.#chunks(cursor);
  }

  /** The symbol of the value of the label whose name is `name`; -1 when it is not there. */
  valueOf(name: number): number {
    for (let i = 0; i < 2 * this.labelCount; i += 2) if (this.labels[i] === name) return this.labels[i + 1];
    return -1;
  }

  #labels(cursor: ByteCursor): void {
    const count = cursor.uvarint();
    if (count * LABEL_BYTES > cursor.left) throw new CursorError(`${count} labels are more than fit`);
    if (2 * count > this.labels.length) this.labels = new Uint32Array(4 * count);
    for (let i = 0; i < 2 * count; i++) {
      const symbol = cursor.uvarint();
      if (symbol > 0xffffffff) throw new CursorError(`there is no symbol ${symbol}`);
      this.labels[i] = symbol;
    }
    this.labelCount = count;
  }

  #chunks(cursor: ByteCursor): void {
    const count = cursor.left === 0 ? 0 : cursor.uvarint();
    if (count * CHUNK_BYTES > cursor.left) throw new CursorError(`${count} chunks are more than fit`);
    if (count > this.refs.length) this.#grow(2 * count);
    const {minTimes, maxTimes, refs} = this;
    let time = 0;
    let ref = 0;
    for (let i = 0; i < count; i++) {
      minTimes[i] = time += i === 0 ? cursor.varint() : cursor.uvarint();
      maxTimes[i] = time += cursor.uvarint();
      refs[i] = ref += i === 0 ? cursor.uvarint() : cursor.varint();
      if (!Number.isSafeInteger(time) || ref < 0 || !Number.isSafeInteger(ref)) {
        throw new CursorError(`chunk ${i} has no place in time or in files`);
      }
    }
    this.chunkCount = count;
  }

  #grow(chunks: number): void {
    this.minTimes = new Float64Array(chunks);
    this.maxTimes = new Float64Array(chunks);
    this.refs = new Float64Array(chunks);
  }
}
