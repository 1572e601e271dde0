// Most regular expressions in matchers are literals with a few `.*` in between. This reads RE2 syntax into a list of
// alternatives, each a sequence of parts; what it cannot express is an `opaque` part, about which nothing is assumed.
// So a shape without opaque parts is the whole truth, and one with them is a necessary condition.
// What it does not know to be valid it leaves to RE2, whose error messages are the ones to show.

/** One step of a sequence. `any` is at least `min` characters of any kind; a folded text is ASCII in lower case. */
export type Part =
  | {readonly kind: 'text'; readonly text: string; readonly fold: boolean}
  | {readonly kind: 'one'}
  | {readonly kind: 'any'; readonly min: number}
  | {readonly kind: 'begin' | 'end' | 'opaque'};

export type Sequence = readonly Part[];

/** An expression matches what one of its sequences matches. */
export type Shape = readonly Sequence[];

const PRODUCT_MAX = 256;
const ALTERNATIVES_MAX = 16_384;
const DEPTH_MAX = 100;
/** Parts that may be copied while sequences are put together: some milliseconds. */
const COPIES_MAX = 200_000;
const REPEAT_MAX = 8;
const CLASS_MAX = 32;

const ONE: Sequence = [{kind: 'one'}];
const OPAQUE: Shape = [[{kind: 'opaque'}]];
const EMPTY: Shape = [[]];
/** What `(?i)` stands for: nothing, and nothing that could be repeated. */
const FLAGS_ONLY: Shape = [[]];

/** The shape of an expression in RE2's Perl syntax in which `.` matches newlines; undefined when it is left to RE2. */
export function parseShape(pattern: string): Shape | undefined {
  if (!pattern.isWellFormed()) return undefined;
  if (!/[\\^$.*+?()[\]{}]/.test(pattern)) return literals(pattern);
  try {
    return new ShapeParser(pattern).parse();
  } catch (error) {
    if (error instanceof Declined) return undefined;
    throw error;
  }
}

function literals(pattern: string): Shape | undefined {
  const texts = pattern.split('|');
  return texts.length > ALTERNATIVES_MAX ? undefined : texts.map((text) => literal(text, false));
}

function literal(text: string, fold: boolean): Sequence {
  return text === '' ? [] : [{kind: 'text', text, fold}];
}

/** Thrown at syntax that this parser leaves to RE2. */
class Declined extends Error {}

interface Flags {
  readonly fold: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

class ShapeParser {
  private readonly pattern: string;
  private at = 0;
  private depth = 0;
  private copies = 0;
  /** Counted repetitions so far. */
  private counts = 0;
  private flags: Flags = {fold: false, dotAll: true, multiline: false};
  private readonly groupNames = new Set<string>();

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  parse(): Shape {
    const shape = this.alternation();
    if (this.at < this.pattern.length) throw new Declined();
    return shape;
  }

  private alternation(): Shape {
    let shape = this.concatenation();
    if (!this.looksAt('|')) return shape;
    const all = [...shape];
    while (this.looksAt('|')) {
      this.at++;
      shape = this.concatenation();
      all.push(...shape);
      if (all.length > ALTERNATIVES_MAX) throw new Declined();
    }
    return all;
  }

  private concatenation(): Shape {
    let shape = EMPTY;
    while (this.at < this.pattern.length && !this.looksAt('|') && !this.looksAt(')')) {
      shape = this.product(shape, this.repetition());
    }
    return shape;
  }

  /** Every sequence of `left` followed by every one of `right`; where that is too much, `right` becomes opaque. */
  private product(left: Shape, right: Shape): Shape {
    if (left === EMPTY) return right;
    const tails = right.length > 1 && left.length * right.length > PRODUCT_MAX ? OPAQUE : right;
    for (const head of left) this.copies += tails.length * (head.length + 1);
    if (this.copies > COPIES_MAX) throw new Declined();
    return left.flatMap((head) => tails.map((tail) => joined(head, tail)));
  }

  private repetition(): Shape {
    const {counts} = this;
    const atom = this.atom();
    const repeat = this.quantifier();
    if (repeat === undefined) return atom;
    if (repeat.counted) {
      // RE2 bounds the product of counts inside each other.
      if (this.counts > counts) throw new Declined();
      this.counts++;
    }
    if (atom === FLAGS_ONLY || this.quantifier() !== undefined) throw new Declined();
    return this.repeated(atom, repeat);
  }

  private repeated(atom: Shape, repeat: Repeat): Shape {
    // RE2 judges these: too big, or the wrong way round.
    if (repeat.min > 1000 || (repeat.max !== Infinity && repeat.max > 1000) || repeat.min > repeat.max) {
      throw new Declined();
    }
    const isDot = atom.length === 1 && atom[0] === ONE;
    if (isDot && repeat.max === Infinity) return [[{kind: 'any', min: repeat.min}]];
    if (repeat.min === 0 && repeat.max === 1) return [...atom, []];
    let shape = EMPTY;
    for (let i = 0; i < Math.min(repeat.min, REPEAT_MAX); i++) shape = this.product(shape, atom);
    return repeat.max === repeat.min && repeat.min <= REPEAT_MAX ? shape : this.product(shape, OPAQUE);
  }

  /** The repetition that stands here; a `{` that does not begin one is a literal, as in RE2. */
  private quantifier(): Repeat | undefined {
    const match = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
    match.lastIndex = this.at;
    const found = match.exec(this.pattern);
    if (found === null) return undefined;
    this.at = match.lastIndex;
    if (found[1] === undefined) return SIMPLE_REPEATS[found[0][0]];
    const min = Number(found[1]);
    if (found[2] === '') return {min, max: min, counted: true};
    return {min, max: found[3] === '' ? Infinity : Number(found[3]), counted: true};
  }

  private atom(): Shape {
    if (this.looksAt('{') && this.quantifier() !== undefined) throw new Declined();
    const char = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
    this.at += char.length;
    switch (char) {
      case '.':
        return this.flags.dotAll ? [ONE] : OPAQUE;
      case '^':
        return this.anchor('begin');
      case '$':
        return this.anchor('end');
      case '(':
        return this.group();
      case '[':
        return this.charClass();
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        throw new Declined();
      default:
        return this.char(char);
    }
  }

  private char(char: string): Shape {
    if (!this.flags.fold) return [literal(char, false)];
    // Beyond ASCII the letters with other forms are many: RE2 knows them.
    if (char > '\x7f') return OPAQUE;
    return [literal(char.toLowerCase(), true)];
  }

  private anchor(kind: 'begin' | 'end'): Shape {
    return this.flags.multiline ? OPAQUE : [[{kind}]];
  }

  private escape(): Shape {
    const char = this.pattern[this.at++] ?? '';
    if (/^[dDwWsSbB]$/.test(char)) return OPAQUE;
    if (char === 'A') return [[{kind: 'begin'}]];
    if (char === 'z') return [[{kind: 'end'}]];
    const meant = unescaped(char);
    if (meant === undefined) throw new Declined();
    return this.char(meant);
  }

  private group(): Shape {
    if (++this.depth > DEPTH_MAX) throw new Declined();
    const outer = this.flags;
    if (this.looksAt('?')) {
      this.groupHead();
      // Flags without a body, `(?i)`, hold to the end of the group around them.
      if (this.looksAt(')')) {
        this.at++;
        this.depth--;
        return FLAGS_ONLY;
      }
      this.at++;
    }
    const shape = this.alternation();
    if (!this.looksAt(')')) throw new Declined();
    this.at++;
    this.depth--;
    this.flags = outer;
    return shape;
  }

  /** Reads `?i-s:`, `?i)` or `?P<name>` up to its last character, which stays. */
  private groupHead(): void {
    const head = /\?(?:P?<([A-Za-z0-9_]+)(?=>)|([imsU]*)(?:-([imsU]+))?(?=[:)]))/y;
    head.lastIndex = this.at;
    const found = head.exec(this.pattern);
    if (found === null || this.pattern.startsWith('?)', this.at)) throw new Declined();
    this.at = head.lastIndex;
    const name = found[1];
    if (name !== undefined) {
      if (this.groupNames.has(name)) throw new Declined();
      this.groupNames.add(name);
      return;
    }
    this.flags = withFlags(withFlags(this.flags, found[2], true), found[3] ?? '', false);
  }

  private charClass(): Shape {
    const start = this.at;
    this.at = classEnd(this.pattern, start);
    const chars = classChars(this.pattern.slice(start, this.at - 1));
    return chars === undefined ? OPAQUE : chars.flatMap((char) => this.char(char));
  }

  private looksAt(char: string): boolean {
    return this.pattern[this.at] === char;
  }
}

interface Repeat {
  readonly min: number;
  readonly max: number;
  /** Whether it is written with numbers. */
  readonly counted: boolean;
}

const SIMPLE_REPEATS: Readonly<Record<string, Repeat>> = {
  '*': {min: 0, max: Infinity, counted: false},
  '+': {min: 1, max: Infinity, counted: false},
  '?': {min: 0, max: 1, counted: false},
};

function joined(head: Sequence, tail: Sequence): Sequence {
  const last = head.at(-1);
  const first = tail[0];
  if (last?.kind !== 'text' || first?.kind !== 'text' || last.fold !== first.fold) return [...head, ...tail];
  return [...head.slice(0, -1), {kind: 'text', text: last.text + first.text, fold: last.fold}, ...tail.slice(1)];
}

function withFlags(flags: Flags, names: string, on: boolean): Flags {
  return {
    fold: names.includes('i') ? on : flags.fold,
    dotAll: names.includes('s') ? on : flags.dotAll,
    multiline: names.includes('m') ? on : flags.multiline,
  };
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The character that a backslash before `char` means, where that is simple. */
function unescaped(char: string): string | undefined {
  if (Object.hasOwn(CONTROL_ESCAPES, char)) return CONTROL_ESCAPES[char];
  return /^[!-/:-@[-`{-~ ]$/.test(char) ? char : undefined;
}

/** Offset after the `]` of the class whose inside begins at `start`. */
function classEnd(pattern: string, start: number): number {
  let at = pattern[start] === '^' ? start + 1 : start;
  for (let first = true; at < pattern.length; first = false) {
    const char = pattern[at];
    if (char === ']' && !first) return at + 1;
    const named = pattern.startsWith('[:', at) ? pattern.indexOf(':]', at + 2) : -1;
    if (named >= 0) at = named + 2;
    else at += char === '\\' ? 2 : 1;
  }
  throw new Declined();
}

/** The characters of a small class of plain ASCII characters and ranges; undefined for any other class. */
function classChars(inside: string): string[] | undefined {
  if (!/^(?:[A-Za-z0-9_ .,:;/@#%&=<>~-])+$/.test(inside)) return undefined;
  const chars = new Set<string>();
  for (let i = 0; i < inside.length; i++) {
    const lo = inside.charCodeAt(i);
    const isRange = inside[i + 1] === '-' && i + 2 < inside.length;
    const hi = isRange ? inside.charCodeAt(i + 2) : lo;
    if (isRange) i += 2;
    if (hi < lo || hi - lo >= CLASS_MAX) return undefined;
    for (let code = lo; code <= hi; code++) chars.add(String.fromCharCode(code));
  }
  return chars.size <= CLASS_MAX ? [...chars] : undefined;
}
