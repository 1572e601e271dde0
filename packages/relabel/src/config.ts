import {isLabelNameUnder, isValidLabelName, type NameValidation} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {AnchoredRegex, checkRegex, RegexError} from '@narthex/model/regex.ts';
import {flowList, list} from '@narthex/yaml/collections.ts';
import {nullable, refine} from '@narthex/yaml/custom.ts';
import {parsedScalar, string, uint64} from '@narthex/yaml/scalars.ts';
import {field, omitEmpty, optional, struct, type StructOf} from '@narthex/yaml/struct.ts';
import type {YamlType} from '@narthex/yaml/type.ts';

const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

/** What a rule does; '' is none, which no valid rule has. */
export type RelabelAction = (typeof ACTIONS)[number] | '';

/** A relabelling rule that cannot be; the message is upstream's. */
export class RelabelError extends Error {
  override readonly name = 'RelabelError';
}

/** The expression of a rule that names none: it matches everything and is known by its identity. */
export const DEFAULT_REGEX: AnchoredRegex = new AnchoredRegex('(.*)');

const DEFAULT_SEPARATOR = ';';
const DEFAULT_REPLACEMENT = '$1';

/** Legacy label names in which references such as `$1` and `${name}` may stand for characters. */
const LEGACY_TARGET = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/;

const labelName = refine(string, checkLabelName, (name) => name);

function checkLabelName(name: string): string {
  if (!isValidLabelName(name)) throw new RelabelError(`${quoteGo(name)} is not a valid label name`);
  return name;
}

const action: YamlType<RelabelAction> = parsedScalar<RelabelAction>('relabel.Action', '', parseAction, (name) => name);

function parseAction(text: string): RelabelAction {
  const lower = text.toLowerCase();
  const found = ACTIONS.find((name) => name === lower);
  if (found === undefined) throw new RelabelError(`unknown relabel action ${quoteGo(text)}`);
  return found;
}

const regex: YamlType<AnchoredRegex> = {
  ...parsedScalar('relabel.Regexp', new AnchoredRegex(''), parseRelabelRegex, ({pattern}) => pattern),
  isEmpty: (value) => value === DEFAULT_REGEX,
};

/** Compiles the expression of a rule; a bad one is shown as upstream shows it, with the anchors around it. */
export function parseRelabelRegex(pattern: string): AnchoredRegex {
  try {
    return AnchoredRegex.of(pattern);
  } catch (error) {
    if (error instanceof RegexError) checkRegex(`^(?s:${pattern})$`);
    throw error;
  }
}

const fields = {
  source_labels: optional(flowList(labelName)),
  separator: field(string, DEFAULT_SEPARATOR),
  regex: omitEmpty(field(regex, DEFAULT_REGEX)),
  modulus: field(uint64),
  target_label: field(string),
  replacement: field(string, DEFAULT_REPLACEMENT),
  action: field(action, 'replace'),
};

/** A rule as it stands in the configuration, defaults filled in. */
export type RelabelConfig = StructOf<typeof fields> & {
  /** Which label names the rule may make; UTF-8 names unless `validateRelabelConfig` says otherwise. */
  readonly nameValidation?: NameValidation;
};

/** A rule in YAML, checked as far as can be told before it is known which names are allowed: as for UTF-8 names. */
export const relabelConfig: YamlType<RelabelConfig> = struct('relabel.plain', fields, {
  goType: '*relabel.Config',
  check: (config): RelabelConfig => {
    validateRelabelConfig(config, 'utf8');
    return config;
  },
});

/** A list of rules in YAML. An item that is null is refused as "empty or null `what`", where upstream names each list. */
export function relabelConfigs(what = 'relabeling rule'): YamlType<readonly RelabelConfig[]> {
  return refine(
    list(nullable(relabelConfig)),
    (configs) =>
      configs.map((config) => {
        if (config === null) throw new RelabelError(`empty or null ${what}`);
        return config;
      }),
    (configs) => configs,
  );
}

/** A rule from code: what is not given has its default. Not validated. */
export function makeRelabelConfig(parts: Partial<RelabelConfig>): RelabelConfig {
  return {...relabelConfig.zero(), ...parts};
}

/**
 * Checks a rule as upstream does and returns it with the names it may make. Throws `RelabelError` with upstream's text.
 */
export function validateRelabelConfig(config: RelabelConfig, nameValidation: NameValidation): RelabelConfig {
  const names = config.nameValidation ?? nameValidation;
  checkPresence(config);
  checkNames(config, names);
  checkOnlyFields(config);
  return {...config, nameValidation: names};
}

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]);
const FIXED_REPLACEMENT: ReadonlySet<RelabelAction> = new Set(['lowercase', 'uppercase', 'keepequal', 'dropequal']);

function checkPresence({action, modulus, targetLabel}: RelabelConfig): void {
  if (action === '') throw new RelabelError('relabel action cannot be empty');
  if (action === 'hashmod' && modulus === 0n) {
    throw new RelabelError('relabel configuration for hashmod requires non-zero modulus');
  }
  if (NEEDS_TARGET.has(action) && targetLabel === '') {
    throw new RelabelError(`relabel configuration for ${action} action requires 'target_label' value`);
  }
}

function checkNames({action, targetLabel, replacement}: RelabelConfig, names: NameValidation): void {
  const mayRefer = action === 'replace' && hasReference(targetLabel);
  const isGoodTarget = mayRefer ? isNameWithReferences(targetLabel, names) : isLabelNameUnder(names, targetLabel);
  if ((action === 'replace' || FIXED_REPLACEMENT.has(action)) && !isGoodTarget)
    throw invalidTarget(action, targetLabel);
  if (FIXED_REPLACEMENT.has(action) && replacement !== DEFAULT_REPLACEMENT) {
    throw new RelabelError(`'replacement' can not be set for ${action} action`);
  }
  if (action === 'labelmap' && !isNameWithReferences(replacement, names)) {
    throw new RelabelError(`${quoteGo(replacement)} is invalid 'replacement' for ${action} action`);
  }
  if (action === 'hashmod' && !isGoodTarget) throw invalidTarget(action, targetLabel);
}

function invalidTarget(action: RelabelAction, target: string): RelabelError {
  return new RelabelError(`${quoteGo(target)} is invalid 'target_label' for ${action} action`);
}

function checkOnlyFields(config: RelabelConfig): void {
  const {action} = config;
  const isPlain =
    config.modulus === 0n && config.separator === DEFAULT_SEPARATOR && config.replacement === DEFAULT_REPLACEMENT;
  if ((action === 'dropequal' || action === 'keepequal') && !(isPlain && config.regex === DEFAULT_REGEX)) {
    throw new RelabelError(`${action} action requires only 'source_labels' and \`target_label\`, and no other fields`);
  }
  const hasLabels = config.sourceLabels !== undefined || config.targetLabel !== '';
  if ((action === 'labeldrop' || action === 'labelkeep') && (hasLabels || !isPlain)) {
    throw new RelabelError(`${action} action requires only 'regex', and no other fields`);
  }
}

/** Whether a template refers to groups of the expression. */
export function hasReference(template: string): boolean {
  return template.includes('$');
}

/** Whether `template` makes label names once its references are filled in. UTF-8 names may have `$` and braces anyway. */
export function isNameWithReferences(template: string, names: NameValidation): boolean {
  return names === 'utf8' ? isValidLabelName(template) : LEGACY_TARGET.test(template);
}
