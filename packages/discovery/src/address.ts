/** Throws when a target's address has a path, which belongs into `metrics_path`. */
export function checkAddress(address: string): void {
  if (address.includes('/')) throw new Error(`"${address}" is not a valid hostname`);
}
