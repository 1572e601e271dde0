import {
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE_DOUBLE_QUOTED,
  SCALAR_STYLE_PLAIN,
  SCALAR_STYLE_SINGLE_QUOTED,
  YAMLException,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
import {YamlError} from './error.ts';
import {wrongTag} from './resolve.ts';
import {syntaxMessage} from './syntax-message.ts';

/** A scalar as it was written; what it means is decided by the type that is wanted. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly text: string;
  /** Whether it stands without quotes, so that it may be a number, a bool or null. */
  readonly plain: boolean;
  /** In short form (`!!str`, `!mine`), undefined when there is none. */
  readonly tag: string | undefined;
  /** Where it begins, in UTF-16 units. */
  readonly offset: number;
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly items: readonly YamlNode[];
  readonly tag: string | undefined;
  readonly offset: number;
}

export interface MappingNode {
  readonly kind: 'mapping';
  readonly entries: readonly MappingEntry[];
  readonly tag: string | undefined;
  readonly offset: number;
}

export interface MappingEntry {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

/** A node; an alias is the very node that its anchor names. */
export type YamlNode = ScalarNode | SequenceNode | MappingNode;

/** A parsed document. */
export interface YamlDocument {
  /** Undefined when there is nothing but comments. */
  readonly root: YamlNode | undefined;
  /** Nodes as they were written, an alias being one. */
  readonly nodes: number;
  /** Line and column, both from 1, of an offset of a node. */
  position(offset: number): {line: number; column: number};
}

export interface ParseOptions {
  /** Name of the file for error messages. */
  readonly file?: string | undefined;
  /** Biggest document in UTF-16 units; 64 Mi unless told. */
  readonly lengthMax?: number;
}

const LENGTH_MAX = 64 * 1024 * 1024;
const DEPTH_MAX = 100;

/** Parses one document. Throws `YamlError` for text that is no YAML, for several documents, and for anchors inside themselves. */
export function parseYaml(text: string, options: ParseOptions = {}): YamlDocument {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const lines = new LineIndex(source);
  const fail = (offset: number, message: string, cause?: unknown): never => {
    throw new YamlError(options.file, [{...lines.position(offset), path: '', message, kind: 'syntax'}], {cause});
  };
  if (source.length > (options.lengthMax ?? LENGTH_MAX)) fail(0, `document of ${source.length} characters is too long`);
  const events = readEvents(source, fail);
  const root = new TreeBuilder(source, events, fail).build();
  return {root, nodes: events.length, position: (offset) => lines.position(offset)};
}

type Fail = (offset: number, message: string, cause?: unknown) => never;

function readEvents(source: string, fail: Fail): Event[] {
  try {
    return parseEvents(source, {maxDepth: DEPTH_MAX});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const offset = error.mark?.position ?? 0;
    return fail(offset, syntaxMessage(source, offset, error.reason), error);
  }
}

/** Finds lines by offset; the table is made when it is first asked. */
class LineIndex {
  private readonly source: string;
  private starts: number[] | undefined;

  constructor(source: string) {
    this.source = source;
  }

  position(offset: number): {line: number; column: number} {
    this.starts ??= lineStarts(this.source);
    let lo = 0;
    let hi = this.starts.length;
    while (hi - lo > 1) {
      const mid = (lo + hi) >>> 1;
      if (this.starts[mid] <= offset) lo = mid;
      else hi = mid;
    }
    return {line: lo + 1, column: offset - this.starts[lo] + 1};
  }
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (const {0: breakText, index} of source.matchAll(/\r\n?|\n/g)) starts.push(index + breakText.length);
  return starts;
}

/** A collection that is still being filled. */
interface Open {
  readonly node: YamlNode;
  readonly children: YamlNode[];
  readonly anchor: string | undefined;
}

class TreeBuilder {
  private readonly source: string;
  private readonly events: readonly Event[];
  private readonly fail: Fail;
  private readonly anchors = new Map<string, YamlNode>();
  private readonly openAnchors = new Set<string>();
  private readonly stack: Open[] = [];
  private root: YamlNode | undefined;
  private documents = 0;
  private lastOffset = 0;

  constructor(source: string, events: readonly Event[], fail: Fail) {
    this.source = source;
    this.events = events;
    this.fail = fail;
  }

  build(): YamlNode | undefined {
    for (const event of this.events) this.take(event);
    return this.root;
  }

  private take(event: Event): void {
    switch (event.type) {
      case EVENT_DOCUMENT:
        this.documents++;
        break;
      case EVENT_SCALAR:
        this.add(this.scalar(event), this.anchorOf(event));
        break;
      case EVENT_ALIAS:
        this.add(this.alias(this.source.slice(event.anchorStart, event.anchorEnd), event.anchorStart), undefined);
        break;
      case EVENT_SEQUENCE:
      case EVENT_MAPPING:
        this.open(event);
        break;
      case EVENT_POP:
        this.close();
        break;
    }
  }

  private scalar(event: ScalarEvent): ScalarNode {
    const valueStart = event.valueStart < 0 ? -1 : scalarStart(this.source, event);
    const offset = startOf(valueStart, event.tagStart, event.anchorStart) ?? this.lastOffset;
    this.lastOffset = offset;
    const text = getScalarValue(this.source, event);
    const tag = this.tagOf(event);
    const wrong = tag === undefined ? undefined : wrongTag(tag, text);
    if (wrong !== undefined) this.fail(offset, `cannot decode ${wrong} \`${text}\` as a ${tag}`);
    return {kind: 'scalar', text, plain: event.style === SCALAR_STYLE_PLAIN, tag, offset};
  }

  private alias(name: string, offset: number): YamlNode {
    if (this.openAnchors.has(name)) this.fail(offset, `anchor '${name}' value contains itself`);
    return this.anchors.get(name) ?? this.fail(offset, `unknown anchor '${name}' referenced`);
  }

  private open(event: SequenceEvent | MappingEvent): void {
    const children: YamlNode[] = [];
    const {start: offset} = event;
    const tag = this.tagOf(event);
    const anchor = this.anchorOf(event);
    this.lastOffset = offset;
    // Entries of a mapping are made of its children when it closes.
    const node: YamlNode =
      event.type === EVENT_SEQUENCE
        ? {kind: 'sequence', items: children, tag, offset}
        : {kind: 'mapping', entries: [], tag, offset};
    if (anchor !== undefined) this.openAnchors.add(anchor);
    this.stack.push({node, children, anchor});
  }

  private close(): void {
    const open = this.stack.pop();
    if (open === undefined) return;
    const {children, anchor} = open;
    if (anchor !== undefined) this.openAnchors.delete(anchor);
    this.add(open.node.kind === 'mapping' ? {...open.node, entries: pairUp(children)} : open.node, anchor);
  }

  private add(node: YamlNode, anchor: string | undefined): void {
    if (anchor !== undefined) this.anchors.set(anchor, node);
    const parent = this.stack.at(-1);
    if (parent !== undefined) parent.children.push(node);
    else if (this.documents <= 1) this.root = node;
    // Upstream reads the first document and drops the others without a word.
    else if (!isEmpty(node)) this.fail(node.offset, 'found another document, expected a single one');
  }

  private anchorOf({anchorStart, anchorEnd}: {anchorStart: number; anchorEnd: number}): string | undefined {
    return anchorStart < 0 ? undefined : this.source.slice(anchorStart, anchorEnd);
  }

  private tagOf({tagStart, tagEnd}: {tagStart: number; tagEnd: number}): string | undefined {
    if (tagStart < 0) return undefined;
    const tag = this.source.slice(tagStart, tagEnd).replace(/^!<(.*)>$/s, '$1');
    return tag.replace(/^tag:yaml\.org,2002:/, '!!');
  }
}

/** Where a scalar begins as people see it: at its quote, or at the `|` or `>` of a block. */
function scalarStart(source: string, {style, valueStart}: ScalarEvent): number {
  if (style === SCALAR_STYLE_PLAIN) return valueStart;
  if (style === SCALAR_STYLE_SINGLE_QUOTED || style === SCALAR_STYLE_DOUBLE_QUOTED) return valueStart - 1;
  const lineEnd = valueStart - 1;
  const lineStart = source.lastIndexOf('\n', lineEnd - 1) + 1;
  const head = /[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?\r?$/.exec(source.slice(lineStart, Math.max(lineEnd, lineStart)));
  return head === null ? valueStart : lineStart + head.index;
}

function startOf(...offsets: number[]): number | undefined {
  const known = offsets.filter((offset) => offset >= 0);
  return known.length === 0 ? undefined : Math.min(...known);
}

function pairUp(children: readonly YamlNode[]): MappingEntry[] {
  const entries: MappingEntry[] = [];
  for (let i = 0; i + 1 < children.length; i += 2) entries.push({key: children[i], value: children[i + 1]});
  return entries;
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && node.text === '';
}
