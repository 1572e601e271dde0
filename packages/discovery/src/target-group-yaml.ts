import {isValidLabelName} from '@narthex/model/labels.ts';
import {list, stringMap} from '@narthex/yaml/collections.ts';
import {refine} from '@narthex/yaml/custom.ts';
import {string} from '@narthex/yaml/scalars.ts';
import {field, struct} from '@narthex/yaml/struct.ts';
import type {YamlType} from '@narthex/yaml/type.ts';
import type {LabelSet} from './target-group.ts';

/** Labels with names that are checked. */
export const labelSet: YamlType<LabelSet> = refine(
  stringMap,
  (entries) => {
    for (const name of entries.keys())
      if (!isValidLabelName(name)) throw new Error(`"${name}" is not a valid label name`);
    return Object.fromEntries(entries);
  },
  (labels) => new Map(Object.entries(labels)),
  'model.LabelSet',
);

/** A group as configurations and target files write it: `targets` are addresses. */
export const staticGroup = struct(
  'struct { Targets []string "yaml:\\"targets\\""; Labels model.LabelSet "yaml:\\"labels\\"" }',
  {
    targets: field(list(string)),
    labels: field(labelSet),
  },
);

/** The labels of a target that is only an address. */
export const addressTarget = (address: string): LabelSet => ({__address__: address});
