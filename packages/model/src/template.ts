const REFERENCE = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

/**
 * Fills the references of `template` by the rules of Go's `Regexp.Expand`: `$name` takes the longest run of letters,
 * digits and underscores (so `$1a` is the group named "1a"), `${name}` says where it ends, `$$` is a dollar, a number
 * without leading zeros is an index into `groups` (0 is the whole match), a group that is missing or did not take part
 * is empty, and any other `$` stands for itself.
 */
export function expandTemplate(
  template: string,
  groups: readonly (string | undefined)[],
  names: Readonly<Record<string, number>>,
): string {
  if (!template.includes('$')) return template;
  return template.replace(REFERENCE, (_, dollar?: string, bare?: string, braced?: string) => {
    if (dollar !== undefined) return '$';
    const index = groupIndex((bare ?? braced)!, names);
    return (index === undefined ? undefined : groups[index]) ?? '';
  });
}

function groupIndex(name: string, names: Readonly<Record<string, number>>): number | undefined {
  if (/^(?:0|[1-9][0-9]{0,8})$/.test(name)) return Number(name);
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
