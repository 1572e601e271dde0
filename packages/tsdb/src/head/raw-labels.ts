import type {Labels} from '@narthex/model/labels.ts';

const encoder = new TextEncoder();

/** One label set as UTF-8 bytes and the places of its names and values in them, as the index wants it; made anew by each `set`. */
export class RawLabels {
  bytes = new Uint8Array(1024);
  /** Name start, name end, value start, value end of each label. */
  ranges = new Uint32Array(128);
  #length = 0;

  set(labels: Labels): void {
    this.#length = 0;
    if (this.ranges.length < labels.length * 4) this.ranges = new Uint32Array(labels.length * 8);
    for (let i = 0; i < labels.length; i++) {
      this.#add(4 * i, labels.name(i));
      this.#add(4 * i + 2, labels.value(i));
    }
  }

  #add(range: number, text: string): void {
    const start = this.#length;
    if (this.bytes.length - start < text.length * 3) {
      const larger = new Uint8Array((start + text.length * 3) * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.#length += encoder.encodeInto(text, this.bytes.subarray(start)).written;
    this.ranges[range] = start;
    this.ranges[range + 1] = this.#length;
  }
}
