// Sets of labels as numbers. A label is a pair of symbols (name, value), a set its pairs in byte order of the names, and equal sets get equal
// numbers. A table is a block of 32 bytes: addresses of `slots` (hash table of set + 1), `offsets` (where a set begins in the pool, in pairs;
// one more than there are sets) and `pool` (the pairs); then the slots' mask, and the count of sets. Its owner keeps room for one more set.

// @ts-ignore: decorator
@inline
function slotsOf(table: usize): usize {
  return load<u32>(table) as usize;
}
// @ts-ignore: decorator
@inline
function offsetsOf(table: usize): usize {
  return load<u32>(table, 4) as usize;
}
// @ts-ignore: decorator
@inline
function poolOf(table: usize): usize {
  return load<u32>(table, 8) as usize;
}

function hashPairs(pairs: usize, count: u32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15;
  for (const end = pairs + ((count as usize) << 3); pairs < end; pairs += 8) {
    hash = (hash ^ load<u64>(pairs)) * 0xff51afd7ed558ccd;
    hash ^= hash >>> 32;
  }
  return (hash ^ (hash >>> 29)) as u32;
}

function samePairs(a: usize, b: usize, count: u32): bool {
  for (const end = a + ((count as usize) << 3); a < end; a += 8, b += 8) {
    if (load<u64>(a) !== load<u64>(b)) return false;
  }
  return true;
}

/** Number of the set with these `count` pairs; a new one is added. */
export function labelSetOf(table: usize, pairs: usize, count: u32): u32 {
  const slots = slotsOf(table);
  const offsets = offsetsOf(table);
  const pool = poolOf(table);
  const mask = load<u32>(table, 12);
  for (let slot = hashPairs(pairs, count) & mask; ; slot = (slot + 1) & mask) {
    const found = load<u32>(slots + ((slot as usize) << 2));
    if (found === 0) {
      const id = load<u32>(table, 16);
      const begin = load<u32>(offsets + ((id as usize) << 2));
      memory.copy(pool + ((begin as usize) << 3), pairs, (count as usize) << 3);
      store<u32>(offsets + ((id as usize) << 2) + 4, begin + count);
      store<u32>(slots + ((slot as usize) << 2), id + 1);
      store<u32>(table, id + 1, 16);
      return id;
    }
    const at = offsets + (((found - 1) as usize) << 2);
    const begin = load<u32>(at);
    if (load<u32>(at, 4) - begin === count && samePairs(pool + ((begin as usize) << 3), pairs, count)) return found - 1;
  }
  // Never reached: the table always has free slots.
  return 0;
}

/** Fill the slots anew after they moved to a larger, zeroed block. */
export function labelSetsRehash(table: usize): void {
  const slots = slotsOf(table);
  const mask = load<u32>(table, 12);
  const sets = load<u32>(table, 16);
  for (let id: u32 = 0; id < sets; id++) {
    const at = offsetsOf(table) + ((id as usize) << 2);
    const begin = load<u32>(at);
    let slot = hashPairs(poolOf(table) + ((begin as usize) << 3), load<u32>(at, 4) - begin) & mask;
    while (load<u32>(slots + ((slot as usize) << 2)) !== 0) slot = (slot + 1) & mask;
    store<u32>(slots + ((slot as usize) << 2), id + 1);
  }
}

/** Keep (`keep`) or drop those of `count` pairs whose name is among the `namesCount` symbols at `names`, in place; returns how many are left. */
export function labelsFilter(pairs: usize, count: u32, names: usize, namesCount: u32, keep: bool): u32 {
  let kept: u32 = 0;
  const namesEnd = names + ((namesCount as usize) << 2);
  for (let i: u32 = 0; i < count; i++) {
    const pair = load<u64>(pairs + ((i as usize) << 3));
    let listed = false;
    for (let at = names; at < namesEnd; at += 4) {
      if (load<u32>(at) === (pair as u32)) {
        listed = true;
        break;
      }
    }
    if (listed === keep) store<u64>(pairs + ((kept++ as usize) << 3), pair);
  }
  return kept;
}
