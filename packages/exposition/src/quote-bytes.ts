import {isUtf8} from 'node:buffer';
import {quoteGo} from '@narthex/model/quote.ts';

/** Bytes in double quotes as Go's `%q` prints them: what is not UTF-8 becomes `\xff`. */
export function quoteBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return quoteGo(buffer.toString());
  let quoted = '';
  let from = 0;
  for (let i = 0; i < buffer.length;) {
    const length = sequenceLength(buffer, i);
    if (length > 0) {
      i += length;
      continue;
    }
    quoted += quoteGo(buffer.toString('utf8', from, i)).slice(1, -1) + `\\x${buffer.toString('hex', i, i + 1)}`;
    from = ++i;
  }
  return `"${quoted}${quoteGo(buffer.toString('utf8', from)).slice(1, -1)}"`;
}

/** Length of the UTF-8 sequence at `i`, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i];
  if (lead < 0x80) return 1;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(i, i + length)) ? length : 0;
}
