// CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, eight bytes a turn by eight tables of 256 words.

const POLYNOMIAL: u32 = 0x82f63b78;

/** Fill the 8 KiB at `tables` with what `crc32c` needs. */
export function crc32cTables(tables: usize): void {
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    store<u32>(tables + (i << 2), crc);
  }
  for (let i: u32 = 256; i < 2048; i++) {
    const before = load<u32>(tables + ((i - 256) << 2));
    store<u32>(tables + (i << 2), (before >>> 8) ^ load<u32>(tables + ((before & 0xff) << 2)));
  }
}

/** CRC-32C of `length` bytes at `at`, going on from `crc` (0 to begin). */
export function crc32c(tables: usize, crc: u32, at: usize, length: u32): u32 {
  let c = ~crc;
  const end = at + length;
  while (at + 8 <= end) {
    const lo = load<u32>(at) ^ c;
    const hi = load<u32>(at + 4);
    c =
      load<u32>(tables + 7168 + ((lo & 0xff) << 2)) ^
      load<u32>(tables + 6144 + (((lo >>> 8) & 0xff) << 2)) ^
      load<u32>(tables + 5120 + (((lo >>> 16) & 0xff) << 2)) ^
      load<u32>(tables + 4096 + ((lo >>> 24) << 2)) ^
      load<u32>(tables + 3072 + ((hi & 0xff) << 2)) ^
      load<u32>(tables + 2048 + (((hi >>> 8) & 0xff) << 2)) ^
      load<u32>(tables + 1024 + (((hi >>> 16) & 0xff) << 2)) ^
      load<u32>(tables + ((hi >>> 24) << 2));
    at += 8;
  }
  while (at < end) c = (c >>> 8) ^ load<u32>(tables + (((c ^ load<u8>(at++)) & 0xff) << 2));
  return ~c;
}
