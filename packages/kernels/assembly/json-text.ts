// Texts and label sets as JSON. Escapes are those of Prometheus' encoder: quote, backslash, and what lies below a blank.

// @ts-ignore: decorator
@inline
function hexDigit(x: u32): u8 {
  return (x < 10 ? 48 + x : 87 + x) as u8;
}

function writeEscape(c: u32, out: usize): usize {
  store<u8>(out, 92);
  let short: u32 = 0;
  if (c === 34 || c === 92) short = c;
  else if (c === 10) short = 110;
  else if (c === 13) short = 114;
  else if (c === 9) short = 116;
  if (short) {
    store<u8>(out, short as u8, 1);
    return out + 2;
  }
  store<u8>(out, 117, 1);
  store<u16>(out, 0x3030, 2);
  store<u8>(out, hexDigit(c >>> 4), 4);
  store<u8>(out, hexDigit(c & 15), 5);
  return out + 6;
}

/** Write the UTF-8 text from `at` to `end` with quotes; at most 6 bytes a byte and 2. Returns the end. */
export function writeText(at: usize, end: usize, out: usize): usize {
  store<u8>(out++, 34);
  for (; at < end; at++) {
    const c = load<u8>(at) as u32;
    if (c >= 32 && c !== 34 && c !== 92) store<u8>(out++, c as u8);
    else out = writeEscape(c, out);
  }
  store<u8>(out, 34);
  return out + 1;
}

/**
 * Write a label set as a JSON object: `count` texts, name and value by turns, by their numbers at `numbers`; text `n` has the bytes from
 * `texts[offsets[n]]` to `texts[offsets[n + 1]]`. Returns the end.
 */
export function writeLabels(numbers: usize, count: u32, offsets: usize, texts: usize, out: usize): usize {
  store<u8>(out++, 123);
  for (let i: u32 = 0; i < count; i++) {
    const at = offsets + ((load<u32>(numbers + ((i as usize) << 2)) as usize) << 2);
    out = writeText(texts + (load<u32>(at) as usize), texts + (load<u32>(at, 4) as usize), out);
    store<u8>(out++, i & 1 ? 44 : 58);
  }
  if (count) out--;
  store<u8>(out, 125);
  return out + 1;
}
