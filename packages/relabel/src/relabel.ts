import {isLabelNameUnder, LabelsBuilder, type Labels} from '@narthex/model/labels.ts';
import {toLowerGo, toUpperGo} from '@narthex/model/letter-case.ts';
import type {RelabelConfig} from './config.ts';

/**
 * Applies the rules in their order; undefined means that a rule dropped the labels. Labels that end up empty are gone.
 * The rules are taken to be valid (`validateRelabelConfig`).
 */
export function relabel(labels: Labels, configs: readonly RelabelConfig[]): Labels | undefined {
  if (configs.length === 0) return labels;
  const builder = new LabelsBuilder(labels);
  return relabelBuilder(builder, configs) ? builder.labels() : undefined;
}

/** Applies the rules to the labels in `builder`; false means that a rule dropped them, and the builder is worthless. */
export function relabelBuilder(builder: LabelsBuilder, configs: readonly RelabelConfig[]): boolean {
  for (const config of configs) if (!applyRule(builder, config)) return false;
  return true;
}

/** Applies one rule; false means drop. */
function applyRule(builder: LabelsBuilder, config: RelabelConfig): boolean {
  const {action, regex, targetLabel} = config;
  switch (action) {
    case 'keep':
      return regex.matches(sourceValue(builder, config));
    case 'drop':
      return !regex.matches(sourceValue(builder, config));
    case 'keepequal':
      return builder.get(targetLabel) === sourceValue(builder, config);
    case 'dropequal':
      return builder.get(targetLabel) !== sourceValue(builder, config);
    case 'replace':
      replace(builder, config);
      return true;
    case 'lowercase':
      builder.set(targetLabel, toLowerGo(sourceValue(builder, config)));
      return true;
    case 'uppercase':
      builder.set(targetLabel, toUpperGo(sourceValue(builder, config)));
      return true;
    case 'hashmod':
      builder.set(targetLabel, hashModulo(sourceValue(builder, config), config.modulus));
      return true;
    case 'labelmap':
      mapLabels(builder, config);
      return true;
    case 'labeldrop':
      for (const [name] of builder.entries()) if (regex.matches(name)) builder.del(name);
      return true;
    case 'labelkeep':
      for (const [name] of builder.entries()) if (!regex.matches(name)) builder.del(name);
      return true;
    case '':
      throw new Error('broken invariant: a relabelling rule without an action');
  }
}

/** The source labels' values joined by the separator; a label that is not there is empty. */
function sourceValue(builder: LabelsBuilder, {sourceLabels, separator}: RelabelConfig): string {
  if (sourceLabels === undefined || sourceLabels.length === 0) return '';
  let value = builder.get(sourceLabels[0]);
  for (let i = 1; i < sourceLabels.length; i++) value += separator + builder.get(sourceLabels[i]);
  return value;
}

function replace(builder: LabelsBuilder, config: RelabelConfig): void {
  const {regex, targetLabel, replacement, nameValidation = 'utf8'} = config;
  const value = sourceValue(builder, config);
  const target = regex.expand(targetLabel, value);
  // Without a match, or with a name that cannot be, everything stays as it is.
  if (target === undefined || !isLabelNameUnder(nameValidation, target)) return;
  builder.set(target, regex.expand(replacement, value) ?? '');
}

/** Copies labels to the names that the expression makes of theirs; the copies are not mapped again. */
function mapLabels(builder: LabelsBuilder, {regex, replacement}: RelabelConfig): void {
  for (const [name, value] of builder.entries()) {
    const target = regex.expand(replacement, name);
    if (target !== undefined && target !== '') builder.set(target, value);
  }
}

// node:crypto takes 5 MB and 15 ms, and few configurations hash: it is not imported.
const md5 = (text: string): string => process.getBuiltinModule('node:crypto').hash('md5', text, 'hex');

/** The last eight bytes of the MD5 sum as a big-endian integer, modulo `modulus`. */
function hashModulo(value: string, modulus: bigint): string {
  return (BigInt(`0x${md5(value).slice(16)}`) % modulus).toString();
}
