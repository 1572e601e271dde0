import {ByteCursor} from './byte-cursor.ts';
import {compareBytes} from './compare-bytes.ts';
import type {CachedFile} from './file-cache.ts';
import {guard, sectionAt, SectionScan, type Section} from './section.ts';

/** Values between two whose places are kept. */
const STRIDE = 32;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Entries of one label name that follow one another in the table. */
interface Run {
  /** The first of its places. */
  readonly firstPlace: number;
  placeCount: number;
  count: number;
  /** Whether values rise, as they do but in indexes of the first Prometheus 2. */
  isSorted: boolean;
}

/** An entry that `each` visits; the bytes are good during the visit, in which nothing else may be read of the block. */
export type VisitValue = (bytes: Uint8Array, from: number, end: number, offset: number) => void;

/**
 * Where the postings list of each label pair lies: the table at the end of an index. For each name the place of every 32nd
 * value is kept, no text of a value; what lies between is read when it is asked for.
 */
export class PostingsOffsets {
  readonly #file: CachedFile;
  readonly #section: Section;
  readonly #runs: ReadonlyMap<string, readonly Run[]>;
  /** Offsets of entries from the begin of the section; then its end. Behind the last place of a run its end is the next one's first. */
  readonly #places: Uint32Array;
  readonly #cursor = new ByteCursor();

  constructor(file: CachedFile, section: Section, runs: ReadonlyMap<string, readonly Run[]>, places: Uint32Array) {
    this.#file = file;
    this.#section = section;
    this.#runs = runs;
    this.#places = places;
  }

  /** Reads the table at `offset` once, and checks it. Throws FileCorruption or StorageError. */
  static open(file: CachedFile, offset: number): PostingsOffsets {
    if (offset === 0) return new PostingsOffsets(file, {start: 0, end: 0}, new Map(), new Uint32Array(1));
    const section = sectionAt(file, offset);
    return guard(file, offset, 'postings offset table', () => new Sampling(file, section).run());
  }

  /** Label names in no particular order, that of all series, '', among them. */
  names(): Iterable<string> {
    return this.#runs.keys();
  }

  hasName(name: string): boolean {
    return this.#runs.has(name);
  }

  /** Number of values of a name. */
  valueCount(name: string): number {
    let count = 0;
    for (const run of this.#runs.get(name) ?? []) count += run.count;
    return count;
  }

  /** Whether `each` visits the values of `name` in byte order. */
  isSorted(name: string): boolean {
    const runs = this.#runs.get(name) ?? [];
    return runs.length < 2 && runs.every((run) => run.isSorted);
  }

  /** Where the list of a pair begins in the file; -1 when there is none. */
  find(name: string, value: string): number {
    const wanted = encoder.encode(value);
    return guard(this.#file, this.#section.start, 'postings offset table', () => {
      for (const run of this.#runs.get(name) ?? []) {
        const offset = this.#findIn(run, wanted);
        if (offset >= 0) return offset;
      }
      return -1;
    });
  }

  /** Calls `visit` with all values of `name` that begin with `prefix`. */
  each(name: string, prefix: string, visit: VisitValue): void {
    const wanted = encoder.encode(prefix);
    guard(this.#file, this.#section.start, 'postings offset table', () => {
      for (const run of this.#runs.get(name) ?? []) this.#eachIn(run, wanted, visit);
    });
  }

  #eachIn(run: Run, prefix: Uint8Array, visit: VisitValue): void {
    const last = run.firstPlace + run.placeCount - 1;
    for (let place = run.isSorted ? this.#placeBefore(run, prefix) : run.firstPlace; place <= last; place++) {
      const cursor = this.#stride(place);
      while (cursor.left > 0) {
        const length = this.#skipToValue(cursor);
        const from = cursor.at;
        cursor.skip(length);
        const offset = cursor.uvarint();
        const order = comparePrefix(cursor.bytes, from, from + length, prefix);
        if (order === 0) visit(cursor.bytes, from, from + length, offset);
        else if (order > 0 && run.isSorted) return;
      }
    }
  }

  #findIn(run: Run, wanted: Uint8Array): number {
    const last = run.firstPlace + run.placeCount - 1;
    for (let place = run.isSorted ? this.#placeBefore(run, wanted) : run.firstPlace; place <= last; place++) {
      const cursor = this.#stride(place);
      while (cursor.left > 0) {
        const length = this.#skipToValue(cursor);
        const from = cursor.at;
        cursor.skip(length);
        const order = compareBytes(cursor.bytes, from, from + length, wanted, 0, wanted.length);
        const offset = cursor.uvarint();
        if (order === 0) return offset;
        if (order > 0 && run.isSorted) return -1;
      }
    }
    return -1;
  }

  /** The last place whose value is not above `wanted`; the first when all are. */
  #placeBefore(run: Run, wanted: Uint8Array): number {
    let lo = run.firstPlace;
    let hi = run.firstPlace + run.placeCount;
    while (hi - lo > 1) {
      const middle = (lo + hi) >>> 1;
      const cursor = this.#stride(middle);
      const length = this.#skipToValue(cursor);
      cursor.skip(length);
      if (compareBytes(cursor.bytes, cursor.at - length, cursor.at, wanted, 0, wanted.length) <= 0) lo = middle;
      else hi = middle;
    }
    return lo;
  }

  /** Reads on to the value of the entry at the cursor; returns its length. */
  #skipToValue(cursor: ByteCursor): number {
    if (cursor.uvarint() !== 2) throw this.#file.corruption(this.#section.start, 'an entry is not of two keys');
    cursor.skip(cursor.uvarint());
    return cursor.uvarint();
  }

  /** The entries from one place to the next. */
  #stride(place: number): ByteCursor {
    const from = this.#places[place];
    const to = this.#places[place + 1];
    const at = this.#file.at(this.#section.start + from, to - from);
    return this.#cursor.set(this.#file.cache.memory.u8, at, at + to - from);
  }
}

/** 0 when the bytes begin with `prefix`, else whether they come before (< 0) or after all that do. */
function comparePrefix(bytes: Uint8Array, from: number, end: number, prefix: Uint8Array): number {
  return compareBytes(bytes, from, Math.min(end, from + prefix.length), prefix, 0, prefix.length);
}

/** The one pass over a table when it is opened. */
class Sampling {
  readonly #file: CachedFile;
  readonly #section: Section;
  readonly #runs = new Map<string, Run[]>();
  #places = new Uint32Array(64);
  #placeCount = 0;
  #run: Run | undefined;
  #name = new Uint8Array(0);
  #value = new Uint8Array(256);
  #valueLength = 0;

  constructor(file: CachedFile, section: Section) {
    this.#file = file;
    this.#section = section;
  }

  run(): PostingsOffsets {
    const scan = new SectionScan(this.#file, this.#section);
    scan.need(4);
    const count = scan.cursor.be32();
    for (let i = 0; i < count && (scan.need(30), scan.cursor.left > 0); i++) this.#entry(scan);
    this.#addPlace(scan.position - this.#section.start);
    scan.finish();
    return new PostingsOffsets(this.#file, this.#section, this.#runs, this.#places.slice(0, this.#placeCount));
  }

  #entry(scan: SectionScan): void {
    const {cursor} = scan;
    const place = scan.position - this.#section.start;
    const keys = cursor.uvarint();
    if (keys !== 2) throw this.#file.corruption(scan.position, `an entry of ${keys} keys in the postings offset table`);
    const nameLength = cursor.uvarint();
    scan.need(nameLength + 10);
    cursor.skip(nameLength);
    const run = this.#runOf(cursor, nameLength);
    const valueLength = cursor.uvarint();
    scan.need(valueLength + 10);
    cursor.skip(valueLength);
    if (run.count % STRIDE === 0) {
      this.#addPlace(place);
      run.placeCount++;
    }
    if (run.count++ > 0 && !this.#isAbove(cursor, valueLength)) run.isSorted = false;
    this.#keepValue(cursor, valueLength);
    cursor.uvarint();
  }

  /** The run that the name before the cursor belongs to. */
  #runOf({bytes, at}: ByteCursor, length: number): Run {
    const name = this.#name;
    if (this.#run !== undefined && compareBytes(bytes, at - length, at, name, 0, name.length) === 0) return this.#run;
    this.#name = bytes.slice(at - length, at);
    const text = decoder.decode(this.#name);
    const runs = this.#runs.get(text) ?? [];
    this.#run = {firstPlace: this.#placeCount, placeCount: 0, count: 0, isSorted: true};
    runs.push(this.#run);
    this.#runs.set(text, runs);
    return this.#run;
  }

  #isAbove({bytes, at}: ByteCursor, length: number): boolean {
    return compareBytes(bytes, at - length, at, this.#value, 0, this.#valueLength) > 0;
  }

  #keepValue({bytes, at}: ByteCursor, length: number): void {
    if (length > this.#value.length) this.#value = new Uint8Array(2 * length);
    for (let i = 0; i < length; i++) this.#value[i] = bytes[at - length + i];
    this.#valueLength = length;
  }

  #addPlace(place: number): void {
    if (this.#placeCount === this.#places.length) {
      const places = new Uint32Array(2 * this.#placeCount);
      places.set(this.#places);
      this.#places = places;
    }
    this.#places[this.#placeCount++] = place;
  }
}
