import type {IntColumn} from './columns.ts';
import type {WireReader} from './wire-reader.ts';

/** Numbers that a label takes in a list of ranges: start and end of its name, start and end of its value. */
export const LABEL_RANGE = 4;

/** Tags of the fields of a LabelPair. */
const NAME_TAG = 0x0a;
const VALUE_TAG = 0x12;

/** Reads the field as a LabelPair and adds its four offsets to `ranges`. */
export function readLabelPair(reader: WireReader, ranges: IntColumn): void {
  const outer = reader.enter('Label');
  if (!readPlainPair(reader, ranges)) readAnyPair(reader, ranges);
  reader.leave(outer);
}

/** Reads a pair as all clients write it, name then value and both short; false when it is another. */
function readPlainPair({bytes, at, end}: WireReader, ranges: IntColumn): boolean {
  if (at + 4 > end || bytes[at] !== NAME_TAG) return false;
  const nameStart = at + 2;
  const nameEnd = nameStart + bytes[at + 1];
  if (bytes[at + 1] >= 0x80 || nameEnd + 2 > end || bytes[nameEnd] !== VALUE_TAG) return false;
  const valueStart = nameEnd + 2;
  if (bytes[nameEnd + 1] >= 0x80 || valueStart + bytes[nameEnd + 1] !== end) return false;
  addRange(ranges, nameStart, nameEnd, valueStart, end);
  return true;
}

function readAnyPair(reader: WireReader, ranges: IntColumn): void {
  let nameStart = 0;
  let nameEnd = 0;
  let valueStart = 0;
  let valueEnd = 0;
  while (reader.nextField('LabelPair')) {
    if (reader.field === 1) {
      nameStart = reader.skipBytes('Name');
      nameEnd = reader.at;
    } else if (reader.field === 2) {
      valueStart = reader.skipBytes('Value');
      valueEnd = reader.at;
    } else reader.skip();
  }
  addRange(ranges, nameStart, nameEnd, valueStart, valueEnd);
}

function addRange(ranges: IntColumn, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
  const i = ranges.grow(LABEL_RANGE);
  const {values} = ranges;
  values[i] = nameStart;
  values[i + 1] = nameEnd;
  values[i + 2] = valueStart;
  values[i + 3] = valueEnd;
}
