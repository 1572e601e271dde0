/** The key that was probably meant by a misspelt one: at most a third of its letters away; undefined when none is. */
export function nearestKey(wrong: string, keys: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(wrong.length / 3) + 1;
  if (wrong.length > 64) return undefined;
  for (const key of keys) {
    const distance = editDistance(wrong, key);
    if (distance >= bestDistance) continue;
    best = key;
    bestDistance = distance;
  }
  return best;
}

/** Fewest insertions, deletions and replacements of a letter between two words. */
function editDistance(a: string, b: string): number {
  let above = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j] + 1, row[j - 1] + 1));
    }
    above = row;
  }
  return above[b.length];
}
