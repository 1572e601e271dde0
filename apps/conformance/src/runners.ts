import fs from 'node:fs';
import path from 'node:path';
import {EXPOSITION_LISTS, runOpenMetricsPage, runScrapePage} from '@narthex/exposition/testing/lists.ts';
import type {CaseResult, ListRunner} from '@narthex/model/testing/cases.ts';
import {MODEL_LISTS} from '@narthex/model/testing/lists.ts';
import {PARSER_LISTS} from '@narthex/promql/parse/testing/lists.ts';
import {NarthexEngine} from '@narthex/promql/promqltest/narthex-engine.ts';
import {runScript} from '@narthex/promql/promqltest/run-script.ts';
import type {Area, CaseFile} from './files.ts';

/** What a file is: cases that were run, part of the cases of another file, no cases at all, or nothing that is known. */
export type FileOutcome = readonly CaseResult[] | 'part of another' | 'no cases' | 'unknown';

/** Runs the cases of a file by its area, name and form. */
export function runFile({area, path: file}: CaseFile): FileOutcome {
  const name = path.basename(file);
  if (/^(LICENSE|README)\b/.test(name)) return 'no cases';
  switch (area) {
    case 'promqltest':
      return name.endsWith('.test') ? runPromql(fs.readFileSync(file, 'utf8')) : 'unknown';
    case 'parser':
      return runList(PARSER_LISTS.get(name) ?? MODEL_LISTS.get(name), file);
    case 'exposition':
      return runExposition(name, file);
    default:
      return area satisfies never;
  }
}

/** The area of a script or list that lies in no folder of an area. */
export function areaOfFile(name: string): Area | undefined {
  if (name.endsWith('.test')) return 'promqltest';
  if (PARSER_LISTS.has(name) || MODEL_LISTS.has(name)) return 'parser';
  return EXPOSITION_LISTS.has(name) ? 'exposition' : undefined;
}

function runList(run: ListRunner | undefined, file: string): FileOutcome {
  return run === undefined ? 'unknown' : run(JSON.parse(fs.readFileSync(file, 'utf8')));
}

function runPromql(script: string): CaseResult[] {
  return runScript(script, (storage) => new NarthexEngine(storage)).map(({line, text, failure}) => {
    const name = `${line}: ${text}`;
    if (failure === undefined) return {name, failure};
    const {check, expected, got} = failure;
    return {name: check === '' ? name : `${name} (${check})`, failure: {expected, got}};
  });
}

/** A list, a page with its `test.json` beside it, or a page that a scrape has to accept. */
function runExposition(name: string, file: string): FileOutcome {
  if (name === 'test.json') return runPage(file);
  if (EXPOSITION_LISTS.has(name)) return runList(EXPOSITION_LISTS.get(name), file);
  if (fs.existsSync(path.join(path.dirname(file), 'test.json'))) return 'part of another';
  const mediaType = mediaTypeOf(name);
  return mediaType === undefined ? 'unknown' : [runScrapePage(name, fs.readFileSync(file), mediaType)];
}

function runPage(file: string): CaseResult[] {
  const folder = path.dirname(file);
  const test = JSON.parse(fs.readFileSync(file, 'utf8')) as {file?: string; shouldParse: boolean};
  const body = fs.readFileSync(path.join(folder, test.file ?? 'metrics'));
  return [runOpenMetricsPage(path.basename(folder), body, test.shouldParse)];
}

function mediaTypeOf(name: string): string | undefined {
  if (name.endsWith('.om.txt')) return 'application/openmetrics-text';
  return name.endsWith('.txt') ? 'text/plain' : undefined;
}
