// Checks that imports only go down the floors of the house, and that each package declares what it imports.
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Floor of each library; a library imports from floors below its own, or what `beside` allows on the same floor. */
const floors = [
  ['kernels', 'model'],
  ['yaml', 'exposition'],
  ['relabel', 'client'],
  ['tsdb', 'promql'],
  ['discovery', 'http'],
  ['scrape', 'remote'],
];
const floorOf = new Map(floors.flatMap((names, floor) => names.map((name) => [name, floor])));

function* sources(dir) {
  for (const entry of fs.readdirSync(dir, {withFileTypes: true})) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* sources(file);
    else if (entry.name.endsWith('.ts')) yield file;
  }
}

const importPattern = /^(?:import|export)\s[^'"]*from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
const problems = [];

function checkFile(file, home, floor, declared) {
  // What tests share lies in folders called testing and in files whose names begin so.
  const isTest = /\.(test|bench)\.ts$|\/testing[/-]/.test(file);
  for (const [, from, bare, dynamic] of fs.readFileSync(file, 'utf8').matchAll(importPattern)) {
    const target = from ?? bare ?? dynamic;
    const complain = (why) => problems.push(`${path.relative(root, file)}: ${why}: '${target}'`);
    if (target.startsWith('.')) {
      const resolved = path.resolve(path.dirname(file), target);
      if (!resolved.startsWith(home + path.sep)) complain('reaches out of its package by path');
      if (!isTest && /\.(test|bench)\.ts$/.test(target)) complain('imports a test');
      continue;
    }
    if (target.startsWith('node:')) continue;
    const [scope, name] = target.split('/');
    const library = scope === '@narthex' ? name : undefined;
    const packageName = target.startsWith('@') ? `${scope}/${name}` : scope;
    if (library !== undefined && !floorOf.has(library)) complain('imports a program');
    else if (library !== undefined && floorOf.get(library) >= floor && !isTest) complain(`is not below floor ${floor}`);
    if (!declared.has(packageName) && !isTest) complain('is not declared in package.json');
  }
}

function checkPackage(home, floor) {
  const {dependencies = {}} = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
  const source = path.join(home, 'src');
  if (!fs.existsSync(source)) return;
  for (const file of sources(source)) checkFile(file, home, floor, new Set(Object.keys(dependencies)));
}

for (const name of fs.readdirSync(path.join(root, 'packages'))) {
  if (!floorOf.has(name)) problems.push(`packages/${name} stands on no floor: name it in scripts/floors.mjs`);
  else checkPackage(path.join(root, 'packages', name), floorOf.get(name));
}
for (const name of fs.readdirSync(path.join(root, 'apps'))) checkPackage(path.join(root, 'apps', name), floors.length);

for (const problem of problems) console.error(problem);
if (problems.length) process.exit(1);
console.error('floors: every import goes down');
