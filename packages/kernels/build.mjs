// Compiles assembly/*.ts to build/*.wasm and writes the types of their exports. Run by the set-up; needs no other step.
import {main as compileScript} from 'assemblyscript/asc';
import binaryen from 'binaryen';
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, 'build');
const PAGES_MAX = 65536;

/** One module for each kind of memory: a thread's own, and the arena that threads share. */
const modules = [
  {name: 'private', flags: []},
  {name: 'arena', flags: ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', String(PAGES_MAX)]},
];

async function compile({name, flags}) {
  const files = new Map();
  const {error, stderr} = await compileScript(
    [
      `assembly/${name}.ts`,
      '--outFile',
      `${name}.wasm`,
      '--bindings',
      'raw',
      '--importMemory',
      '--runtime',
      'stub',
      '--noAssert',
      '--enable',
      'simd',
      '--enable',
      'threads',
      '--enable',
      'bulk-memory',
      '--use',
      'abort=',
      '-O3',
      '--converge',
      ...flags,
    ],
    {
      readFile: (file, base) =>
        fs.existsSync(path.join(base, file)) ? fs.readFileSync(path.join(base, file), 'utf8') : null,
      writeFile: (file, data) => void files.set(file, data),
      listFiles: (dir, base) => (fs.existsSync(path.join(base, dir)) ? fs.readdirSync(path.join(base, dir)) : []),
    },
  );
  if (error) throw new Error(`kernels: ${name} does not compile\n${stderr}`);
  const wasm = files.get(`${name}.wasm`);
  checkStateless(name, wasm);
  writeWhole(`${name}.wasm`, wasm);
  return interfaceOf(name, files.get(`${name}.d.ts`));
}

/** A kernel keeps nothing between calls: no data segment, no global that changes (several threads run the same code). */
function checkStateless(name, wasm) {
  const module = binaryen.readBinary(wasm);
  const text = module.emitText();
  const data = /\(data .*/.exec(text);
  if (data) throw new Error(`kernels: ${name} has a data segment, pass the table in instead: ${data[0].slice(0, 80)}`);
  const global = /\(global .*\(mut .*/.exec(text);
  if (global) throw new Error(`kernels: ${name} has a mutable global, pass the state in instead: ${global[0]}`);
  module.dispose();
}

/** Turns the compiler's declarations into one interface, with the documentation of the sources. */
function interfaceOf(name, declarations) {
  const title = `${name[0].toUpperCase()}${name.slice(1)}Kernels`;
  const body = /declare namespace __AdaptedExports \{([\s\S]*?)\n\}/.exec(declarations)[1];
  const members = body
    .replace(/^\s*\/\*\* Exported memory \*\/\n.*\n/m, '')
    .replaceAll('export function ', '')
    .replaceAll(/^( *)\* (assembly\/[\w/-]+)\/(\w+)$/gm, (line, indent, file, kernel) => {
      const documentation = documentationOf(`${file}.ts`, kernel);
      return documentation.map((text) => `${indent}* ${text}`.trimEnd()).join('\n') || line;
    });
  return `export interface ${title} {${members}\n}\n`;
}

/** The lines of the comment in front of a kernel in its source; decorators may stand between. */
function documentationOf(file, kernel) {
  const source = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  const pattern = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?:// @ts-ignore.*\\n|@\\w+\\n)*export function ${kernel}\\(`,
  );
  const comment = pattern.exec(source)?.[1] ?? '';
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *\*? ?/, '').trim())
    .filter((line) => line !== '');
}

/** Copies bytes from one memory to another: the only kernel that sees two. */
function compileCopy() {
  const module = binaryen.parseText(`(module
    (import "source" "memory" (memory $source 0 ${PAGES_MAX} shared))
    (import "target" "memory" (memory $target 0 ${PAGES_MAX}))
    (func (export "copy") (param $to i32) (param $from i32) (param $length i32)
      (memory.copy $target $source (local.get $to) (local.get $from) (local.get $length))))`);
  module.setFeatures(binaryen.Features.All);
  writeWhole('copy.wasm', module.emitBinary());
  module.dispose();
}

/** A program that starts during the build finds the old file or the new one, never half of one. */
function writeWhole(file, content) {
  const temporary = path.join(out, `.${file}.${process.pid}`);
  fs.writeFileSync(temporary, content);
  fs.renameSync(temporary, path.join(out, file));
}

process.chdir(here);
fs.mkdirSync(out, {recursive: true});
const interfaces = [];
for (const module of modules) interfaces.push(await compile(module));
compileCopy();
writeWhole('exports.d.ts', `// Made by build.mjs from assembly/.\n${interfaces.join('\n')}`);
