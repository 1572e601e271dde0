import type {IntColumn} from './columns.ts';
import type {WireReader} from './wire-reader.ts';

/** Numbers that a label takes in a list of ranges: start and end of its name, start and end of its value. */
export const LABEL_RANGE = 4;

/** Reads the field as a LabelPair and adds its four offsets to `ranges`. */
export function readLabelPair(reader: WireReader, ranges: IntColumn): void {
  const outer = reader.enter('Label');
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
  reader.leave(outer);
  ranges.push(nameStart);
  ranges.push(nameEnd);
  ranges.push(valueStart);
  ranges.push(valueEnd);
}
