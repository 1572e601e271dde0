// Sets up what is missing: the packages of package-lock.json and the compiled kernels. Runs on any Node from 18 on;
// does nothing, in a few milliseconds, where all is there.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const kernels = path.join(root, 'packages/kernels');

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

const filesIn = (dir) =>
  fs.existsSync(dir)
    ? fs
        .readdirSync(dir)
        .sort()
        .map((name) => path.join(dir, name))
    : [];

/** Runs `step` unless `stamp` says that it ran for the same files. */
function once(stamp, files, title, step) {
  const wanted = hashOf(files);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  console.error(`set-up: ${title}`);
  step();
  fs.mkdirSync(path.dirname(stamp), {recursive: true});
  fs.writeFileSync(stamp, wanted);
}

function run(command, args) {
  const {status, error} = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`set-up: '${command} ${args.join(' ')}' failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

once(
  path.join(root, 'node_modules/.narthex-packages'),
  [path.join(root, 'package-lock.json')],
  'installing packages (about 400 MB, once)',
  () => run('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund']),
);
once(
  path.join(kernels, 'build/.stamp'),
  [
    path.join(kernels, 'build.mjs'),
    ...filesIn(path.join(kernels, 'assembly')),
    ...filesIn(path.join(kernels, 'layout')),
  ],
  'compiling kernels',
  () => run(process.execPath, [path.join(kernels, 'build.mjs')]),
);
