import {isValidLabelName} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {list} from '@narthex/yaml/collections.ts';
import {nullable} from '@narthex/yaml/custom.ts';
import {decodeYaml} from '@narthex/yaml/decode.ts';
import {addressTarget, staticGroup} from './target-group-yaml.ts';
import type {LabelSet, TargetGroup} from './target-group.ts';

/** A group as a file has it. */
interface WrittenGroup {
  readonly targets: readonly string[];
  readonly labels: LabelSet;
}

const yamlGroups = list(nullable(staticGroup));

/** The groups of a file's text, which is JSON or YAML as its name says. Throws an Error that says what is wrong, in upstream's words. */
export function parseTargetFile(file: string, text: string): TargetGroup[] {
  const isJson = file.toLowerCase().endsWith('.json');
  const groups = isJson ? jsonGroups(JSON.parse(text)) : decodeYaml(text, yamlGroups, {file});
  return groups.map((group, i) => {
    if (group === null) throw new Error('nil target group item found');
    const labels = {...group.labels, __meta_filepath: file};
    return {source: sourceOf(file, i), targets: group.targets.map(addressTarget), labels};
  });
}

/** Names group `i` of a file. */
export const sourceOf = (file: string, i: number): string => `${file}:${i}`;

function jsonGroups(value: unknown): readonly (WrittenGroup | null)[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(value, 'value', '[]*targetgroup.Group');
  return value.map((item) => (item === null ? null : jsonGroup(item)));
}

function jsonGroup(value: unknown): WrittenGroup {
  const group: {targets: readonly string[]; labels: LabelSet} = {targets: [], labels: {}};
  for (const [key, item] of entriesOf(value, 'value', 'targetgroup.Group')) {
    // Go takes keys in any case.
    const field = key.toLowerCase();
    if (field === 'targets') group.targets = jsonTargets(item);
    else if (field === 'labels') group.labels = jsonLabels(item);
    else throw new Error(`json: unknown field ${quoteGo(key)}`);
  }
  return group;
}

function jsonTargets(value: unknown): string[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw mismatch(value, 'Go struct field .targets', '[]string');
  return value.map((item) => stringOf(item, 'Go struct field .targets'));
}

function jsonLabels(value: unknown): LabelSet {
  if (value === null) return {};
  const labels = entriesOf(value, 'value', 'map[string]model.LabelValue');
  for (const [name] of labels)
    if (!isValidLabelName(name)) throw new Error(`${quoteGo(name)} is not a valid label name`);
  return Object.fromEntries(labels.map(([name, item]) => [name, stringOf(item, 'Go value')] as const));
}

function entriesOf(value: unknown, what: string, type: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(value, `Go ${what}`, type);
  return Object.entries(value);
}

function stringOf(value: unknown, what: string): string {
  if (value === null) return '';
  if (typeof value !== 'string') throw mismatch(value, what, 'string');
  return value;
}

function mismatch(value: unknown, what: string, type: string): Error {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new Error(`json: cannot unmarshal ${found} into ${what} of type ${type}`);
}
