import type {LogExemplar, LogMetadata} from '../head/commit-log.ts';
import {ByteReader, ByteWriter, exactNumber, nearestNumber} from './byte-codec.ts';
import {RECORD_EXEMPLARS, RECORD_MARKERS, RECORD_METADATA, RECORD_TOMBSTONES} from './record-types.ts';

// Records that are rare, as objects. Decoders take a whole record with its type, throw an Error when it is cut off or not one, and leave
// out what has a reference or a time beyond ±2^53; no Prometheus writes that.

/** A deleted interval of a series, both ends (ms) included. */
export interface LoggedTombstone {
  readonly ref: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** All samples of a series that the write-behind log has before this are in chunks on disk. */
export interface LoggedMarker {
  readonly ref: number;
  /** The newest of these chunks: number of its file * 2^32 + where in it the record begins. */
  readonly chunk: number;
}

/** How metadata records number types of metrics. */
const METRIC_TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];

function open(record: Uint8Array, type: number): ByteReader {
  const reader = new ByteReader(record);
  if (reader.byte() !== type) throw new Error('invalid record type');
  return reader;
}

function begin(type: number): ByteWriter {
  const writer = new ByteWriter();
  writer.byte(type);
  return writer;
}

export function decodeTombstones(record: Uint8Array): LoggedTombstone[] {
  const reader = open(record, RECORD_TOMBSTONES);
  const tombstones: LoggedTombstone[] = [];
  while (reader.left > 0) {
    const ref = exactNumber(reader.long());
    const minTimeMs = nearestNumber(reader.varint());
    const maxTimeMs = nearestNumber(reader.varint());
    if (ref !== undefined) tombstones.push({ref, minTimeMs, maxTimeMs});
  }
  return tombstones;
}

export function encodeTombstones(tombstones: readonly LoggedTombstone[]): Uint8Array {
  const writer = begin(RECORD_TOMBSTONES);
  for (const {ref, minTimeMs, maxTimeMs} of tombstones) {
    writer.long(BigInt(ref));
    writer.varint(BigInt(minTimeMs));
    writer.varint(BigInt(maxTimeMs));
  }
  return writer.bytes;
}

export function decodeMarkers(record: Uint8Array): LoggedMarker[] {
  const reader = open(record, RECORD_MARKERS);
  const markers: LoggedMarker[] = [];
  while (reader.left > 0) {
    const ref = exactNumber(reader.long());
    const chunk = exactNumber(reader.long());
    if (ref !== undefined && chunk !== undefined) markers.push({ref, chunk});
  }
  return markers;
}

export function encodeMarkers(markers: readonly LoggedMarker[]): Uint8Array {
  const writer = begin(RECORD_MARKERS);
  for (const {ref, chunk} of markers) {
    writer.long(BigInt(ref));
    writer.long(BigInt(chunk));
  }
  return writer.bytes;
}

export function decodeExemplars(record: Uint8Array): LogExemplar[] {
  const reader = open(record, RECORD_EXEMPLARS);
  const exemplars: LogExemplar[] = [];
  if (reader.left === 0) return exemplars;
  const firstRef = reader.long();
  const firstTime = BigInt.asIntN(64, reader.long());
  while (reader.left > 0) {
    const ref = exactNumber(BigInt.asUintN(64, firstRef + reader.varint()));
    const timeMs = exactNumber(BigInt.asIntN(64, firstTime + reader.varint()));
    const value = reader.float();
    const labels = decodeLabels(reader);
    if (ref !== undefined && timeMs !== undefined) exemplars.push({ref, timeMs, value, labels});
  }
  return exemplars;
}

function decodeLabels(reader: ByteReader): string[] {
  const count = reader.count();
  const labels: string[] = [];
  for (let i = 0; i < 2 * count; i++) labels.push(reader.text());
  return labels;
}

export function encodeExemplars(exemplars: readonly LogExemplar[]): Uint8Array {
  const writer = begin(RECORD_EXEMPLARS);
  const [first] = exemplars;
  if (first === undefined) return writer.bytes;
  writer.long(BigInt(first.ref));
  writer.long(BigInt(first.timeMs));
  for (const {ref, timeMs, value, labels} of exemplars) {
    writer.varint(BigInt(ref) - BigInt(first.ref));
    writer.varint(BigInt(timeMs) - BigInt(first.timeMs));
    writer.float(value);
    writer.uvarint(labels.length / 2);
    for (const text of labels) writer.text(text);
  }
  return writer.bytes;
}

export function decodeMetadata(record: Uint8Array): LogMetadata[] {
  const reader = open(record, RECORD_METADATA);
  const list: LogMetadata[] = [];
  while (reader.left > 0) {
    const ref = exactNumber(reader.uvarint());
    const type = METRIC_TYPES[reader.byte()] ?? 'unknown';
    const fields = new Map<string, string>();
    for (let count = reader.count(); count > 0; count--) fields.set(reader.text(), reader.text());
    if (ref !== undefined) list.push({ref, type, unit: fields.get('UNIT') ?? '', help: fields.get('HELP') ?? ''});
  }
  return list;
}

export function encodeMetadata(list: Iterable<LogMetadata>): Uint8Array {
  const writer = begin(RECORD_METADATA);
  for (const {ref, type, unit, help} of list) {
    writer.uvarint(ref);
    writer.byte(Math.max(0, METRIC_TYPES.indexOf(type)));
    writer.uvarint(2);
    for (const text of ['UNIT', unit, 'HELP', help]) writer.text(text);
  }
  return writer.bytes;
}
