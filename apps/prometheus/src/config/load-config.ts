import fs from 'node:fs';
import path from 'node:path';
import {type ConfigFile, type PrometheusConfig, readConfig} from './prometheus-config.ts';

const FILE_BYTES_MAX = 64 << 20;

/** A configuration with the texts that it was read from, so that another thread can read the very same. */
export interface LoadedConfig {
  readonly config: PrometheusConfig;
  readonly texts: ConfigTexts;
}

export interface ConfigTexts {
  readonly main: ConfigFile;
  /** Files of each pattern of `scrape_config_files`. */
  readonly scrapeFiles: Readonly<Record<string, readonly ConfigFile[]>>;
}

/** Read the configuration file and those that it names. Throws an Error whose message says which file, where and why. */
export function loadConfig(file: string): LoadedConfig {
  const main = readFile(file);
  const scrapeFiles: Record<string, readonly ConfigFile[]> = {};
  const find = (pattern: string) =>
    (scrapeFiles[pattern] ??= matchingFiles(path.resolve(main.dir, pattern)).map(readFile));
  const config = readConfig(main, find);
  return {config, texts: {main, scrapeFiles}};
}

/** The configuration of texts that were loaded elsewhere. */
export function configOf({main, scrapeFiles}: ConfigTexts): PrometheusConfig {
  return readConfig(main, (pattern) => scrapeFiles[pattern] ?? []);
}

function readFile(file: string): ConfigFile {
  try {
    const {size} = fs.statSync(file);
    if (size > FILE_BYTES_MAX) throw new Error(`${size} bytes, want at most ${FILE_BYTES_MAX}`);
    return {file, dir: path.dirname(file), text: fs.readFileSync(file, 'utf8')};
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file or directory' : code === 'EISDIR' ? 'is a directory' : message;
    throw new Error(`open ${file}: ${why}`, {cause: error});
  }
}

function matchingFiles(pattern: string): string[] {
  if (!/[*?[]/.test(pattern)) return fs.existsSync(pattern) ? [pattern] : [];
  return fs.globSync(pattern).sort();
}
