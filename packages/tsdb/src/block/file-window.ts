import type {FileWriter} from './file-writer.ts';

const BYTES_MIN = 4096;
const BYTES_MAX = 256 * 1024;

/** A piece of a file that is being written, moved along as it is read again; larger pieces where it is read in order. */
export class FileWindow {
  /** Bytes of the file, those that `locate` found and some around them; replaced by `locate`. */
  bytes = new Uint8Array(BYTES_MAX);
  readonly #file: FileWriter;
  #start = 0;
  #length = 0;

  constructor(file: FileWriter) {
    this.#file = file;
  }

  /** Where in `bytes` the file's byte at `position` lies, with `wanted` bytes from there on unless the file ends. */
  locate(position: number, wanted: number): number {
    if (position < this.#start || position + wanted > this.#start + this.#length) this.#load(position, wanted);
    return position - this.#start;
  }

  #load(position: number, wanted: number): void {
    const isNext = position >= this.#start && position <= this.#start + 2 * this.#length;
    const length = Math.max(wanted, isNext ? Math.min(BYTES_MAX, this.#length * 4) : 0, BYTES_MIN);
    if (length > this.bytes.length) this.bytes = new Uint8Array(2 * length);
    this.#start = position;
    this.#length = this.#file.read(this.bytes.subarray(0, length), position);
  }
}
