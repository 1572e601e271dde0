import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The real Prometheus, as an oracle in tests: in `PEERS_DIR`, or below the temporary folder; undefined when it isn't there. */
export function prometheusBinary(): string | undefined {
  const folders = [process.env['PEERS_DIR'], path.join(os.tmpdir(), 'peers/root/usr/bin')];
  return folders
    .filter((folder) => folder !== undefined)
    .map((folder) => path.join(folder, 'prometheus'))
    .find((file) => fs.existsSync(file));
}
