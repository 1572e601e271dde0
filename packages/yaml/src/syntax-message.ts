const TEXTS: readonly (readonly [reason: RegExp, text: string])[] = [
  [/within a flow collection|^missed comma|deficient indentation/, "did not find expected ',' or ']'"],
  [/unknown escape/, 'found unknown escape character'],
  [/hexadecimal/, 'did not find expected hexdecimal number'],
  [/within a (?:single|double) quoted scalar/, 'found unexpected end of stream'],
];

/** What Go's yaml says where js-yaml says `reason`, as far as it can be told; otherwise the reason itself. */
export function syntaxMessage(source: string, offset: number, reason: string): string {
  const known = TEXTS.find(([pattern]) => pattern.test(reason));
  if (known !== undefined) return known[1];
  if (!/indentation|expected/.test(reason)) return reason;
  const rest = /.*/y;
  rest.lastIndex = offset;
  const [line] = rest.exec(source) ?? [''];
  if (/^[@`%\t]/.test(line)) return 'found character that cannot start any token';
  if (/^-(?:\s|$)/.test(line)) return 'block sequence entries are not allowed in this context';
  if (!/:(?:\s|$)/.test(line)) return "could not find expected ':'";
  const beginsLine = lineBefore(source, offset).trim() === '';
  return beginsLine ? 'did not find expected key' : 'mapping values are not allowed in this context';
}

/** What stands on the line before `offset`. */
function lineBefore(source: string, offset: number): string {
  return source.slice(source.lastIndexOf('\n', offset - 1) + 1, offset);
}
