// Go changes the case of each character by itself and by its single counterpart; JavaScript knows the words around
// (a final sigma) and characters that become two ('ß' → 'SS'). Where they differ, Go's way is the one that counts.

const ASCII = /^[\0-\x7f]*$/;

/** `text` in lower case as Go's `strings.ToLower` makes it. */
export function toLowerGo(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : Array.from(text, lowerChar).join('');
}

/** `text` in upper case as Go's `strings.ToUpper` makes it. */
export function toUpperGo(text: string): string {
  return ASCII.test(text) ? text.toUpperCase() : Array.from(text, upperChar).join('');
}

function lowerChar(char: string): string {
  // The dotted capital I is the one character that has two in lower case.
  return char === '\u0130' ? 'i' : char.toLowerCase();
}

function upperChar(char: string): string {
  const upper = char.toUpperCase();
  return isOneCharacter(upper) ? upper : simpleUpper(char);
}

function isOneCharacter(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

/** Counterparts of the Greek letters with iota below, which JavaScript takes apart; all others stay. */
function simpleUpper(char: string): string {
  const code = char.charCodeAt(0);
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCharCode(code + 9);
  return char;
}
