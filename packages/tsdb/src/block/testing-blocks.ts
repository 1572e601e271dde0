import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {prometheusBinary} from '../wal/testing-peers.ts';
import {type BlockMeta, parseMeta} from './meta.ts';

/** Data folder of Prometheus 2.42; undefined where it is not at hand. */
export const SAMPLE_DATA = existing(
  fileURLToPath(new URL('../../../../../shared/conformance/tsdb-2.42/data', import.meta.url)),
);

/** Blocks of older formats; undefined where they are not at hand. */
export const OLD_BLOCKS = existing(fileURLToPath(new URL('../../../../../shared/conformance/tsdb', import.meta.url)));

/** The real promtool, as an oracle in tests; undefined when it isn't there. */
export function promtoolBinary(): string | undefined {
  const prometheus = prometheusBinary();
  return prometheus && existing(path.join(path.dirname(prometheus), 'promtool'));
}

function existing(folder: string): string | undefined {
  return fs.existsSync(folder) ? folder : undefined;
}

/** A chunk of a block, as its files have it. */
export interface PlainChunk {
  readonly minTime: number;
  readonly maxTime: number;
  readonly encoding: number;
  readonly data: Uint8Array;
}

export interface PlainSeries {
  readonly ref: number;
  /** Numbers of symbols: name, value, and so on. */
  readonly labels: number[];
  readonly chunks: PlainChunk[];
}

/** All that the files of a block say. */
export interface PlainBlock {
  readonly meta: BlockMeta;
  readonly symbols: string[];
  readonly series: PlainSeries[];
  /** `name\0value` and the references of the series that have it, in the order of the table. */
  readonly postings: [label: string, refs: number[]][];
}

/** Reads a block in the most obvious way, all at once, without looking at checksums. */
export function readBlockPlainly(folder: string): PlainBlock {
  const index = fs.readFileSync(path.join(folder, 'index'));
  const sections = [0, 1, 2, 3, 4, 5].map((i) => Number(index.readBigUInt64BE(index.length - 52 + 8 * i)));
  const files = fs.readdirSync(path.join(folder, 'chunks')).sort();
  const chunks = files.map((name) => fs.readFileSync(path.join(folder, 'chunks', name)));
  return {
    meta: parseMeta(fs.readFileSync(path.join(folder, 'meta.json'), 'utf8')),
    symbols: readSymbols(index, sections[0]),
    series: readSeries(index, sections[1], sections[2], chunks),
    postings: readPostings(index, sections[5]),
  };
}

/** Reads numbers and texts one after the other. */
class Cursor {
  at: number;
  readonly bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  be32(): number {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  uvarint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    const length = this.uvarint();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
}

function readSymbols(index: Buffer, at: number): string[] {
  const cursor = new Cursor(index, at + 4);
  const count = cursor.be32();
  return Array.from({length: count}, () => cursor.text());
}

function readSeries(index: Buffer, from: number, to: number, chunks: Buffer[]): PlainSeries[] {
  const series: PlainSeries[] = [];
  const cursor = new Cursor(index, from);
  for (;;) {
    cursor.at = Math.ceil(cursor.at / 16) * 16;
    if (cursor.at >= to) return series;
    const ref = cursor.at / 16;
    const length = cursor.uvarint();
    const end = cursor.at + length;
    const labels = Array.from({length: 2 * cursor.uvarint()}, () => cursor.uvarint());
    series.push({ref, labels, chunks: readChunks(cursor, chunks)});
    cursor.at = end + 4;
  }
}

function readChunks(cursor: Cursor, files: Buffer[]): PlainChunk[] {
  const chunks: PlainChunk[] = [];
  const count = cursor.uvarint();
  let time = 0;
  let ref = 0;
  for (let i = 0; i < count; i++) {
    const minTime = i === 0 ? cursor.varint() : time + cursor.uvarint();
    time = minTime + cursor.uvarint();
    ref = i === 0 ? cursor.uvarint() : ref + cursor.varint();
    const chunk = new Cursor(files[Math.floor(ref / 2 ** 32)], ref % 2 ** 32);
    const length = chunk.uvarint();
    const encoding = chunk.bytes[chunk.at];
    const data = Uint8Array.from(chunk.bytes.subarray(chunk.at + 1, chunk.at + 1 + length));
    chunks.push({minTime, maxTime: time, encoding, data});
  }
  return chunks;
}

function readPostings(index: Buffer, at: number): [string, number[]][] {
  const cursor = new Cursor(index, at + 4);
  const count = cursor.be32();
  return Array.from({length: count}, () => {
    cursor.uvarint();
    const label = `${cursor.text()}\0${cursor.text()}`;
    const list = new Cursor(index, cursor.uvarint() + 4);
    return [label, Array.from({length: list.be32()}, () => list.be32())];
  });
}
