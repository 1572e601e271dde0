/**
 * What a sum of floats misses after `sum + added`, given what it missed before: one step of Kahan's summation as Neumaier improved it. The new sum itself
 * is the plain `sum + added`; once it is infinite nothing is missed any more.
 */
export function compensate(sum: number, added: number, missed: number): number {
  const total = sum + added;
  if (total === Infinity || total === -Infinity) return 0;
  if (Math.abs(sum) >= Math.abs(added)) return missed + (sum - total + added);
  return missed + (added - total + sum);
}
