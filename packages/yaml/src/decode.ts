import {YamlError, type YamlProblem} from './error.ts';
import {parseYaml, type ParseOptions, type YamlDocument, type YamlNode} from './node.ts';
import {isNull, resolveScalar} from './resolve.ts';
import type {DecodeContext, YamlDialect, YamlType} from './type.ts';

export interface DecodeOptions extends ParseOptions {
  /** Which of Go's yaml packages to follow where they differ; the server's configuration is read by v2, rule files by v3. */
  readonly dialect?: YamlDialect;
  /** Whether unknown and repeated keys are problems; true unless told. */
  readonly strict?: boolean;
}

/**
 * Reads a document as a value of `type`. A document that is empty or null is `type.zero()`. Throws `YamlError` with
 * every problem found.
 */
export function decodeYaml<T>(text: string, type: YamlType<T>, options: DecodeOptions = {}): T {
  const document = parseYaml(text, options);
  const {root} = document;
  if (root === undefined || (root.kind === 'scalar' && isNull(root))) return type.zero();
  const context = new Decoding(document, options);
  context.visit(root);
  const value = type.decode(root, '', context);
  if (context.problems.length > 0 || value === undefined) throw new YamlError(options.file, context.problems);
  return value;
}

/** After so many problems the rest is not looked at. */
const PROBLEMS_MAX = 100;
/** Nodes that may be visited however small the document. */
const VISITS_MIN = 100_000;

class Decoding implements DecodeContext {
  readonly dialect: YamlDialect;
  readonly strict: boolean;
  readonly problems: YamlProblem[] = [];
  private readonly document: YamlDocument;
  private readonly file: string | undefined;
  private visits = 0;

  constructor(document: YamlDocument, options: DecodeOptions) {
    this.document = document;
    this.dialect = options.dialect ?? 'v2';
    this.strict = options.strict ?? true;
    this.file = options.file;
  }

  typeProblem(node: YamlNode, path: string, message: string): void {
    this.note(node, path, message, 'type');
  }

  mismatch(node: YamlNode, path: string, goType: string): void {
    this.typeProblem(node, path, `cannot unmarshal ${describeNode(node)} into ${goType}`);
  }

  attempt<T>(node: YamlNode, path: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof Error) || isOurs(error)) throw error;
      this.note(node, path, error.message, 'value');
      return undefined;
    }
  }

  visit(node: YamlNode): void {
    this.visits++;
    // Without aliases every node is visited once; with them a document of a few lines can have billions.
    if (this.visits > VISITS_MIN && this.visits > 10 * this.document.nodes) {
      const {line, column} = this.position(node);
      const message = 'document contains excessive aliasing';
      throw new YamlError(this.file, [{line, column, path: '', message, kind: 'syntax'}]);
    }
  }

  position(node: YamlNode): {line: number; column: number} {
    return this.document.position(node.offset);
  }

  private note(node: YamlNode, path: string, message: string, kind: YamlProblem['kind']): void {
    this.problems.push({...this.position(node), path, message, kind});
    if (this.problems.length >= PROBLEMS_MAX) throw new YamlError(this.file, this.problems);
  }
}

/** Errors that the engine throws are bugs of ours, not refusals; a `YamlError` ends the decoding. */
function isOurs(error: Error): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof YamlError;
}

/** As Go's yaml names it: "!!str `abc`", long texts cut, collections without their content. */
function describeNode(node: YamlNode): string {
  if (node.kind === 'sequence') return '!!seq';
  if (node.kind === 'mapping') return '!!map';
  const shown =
    Buffer.byteLength(node.text) > 10 ? `${Buffer.from(node.text).subarray(0, 7).toString()}...` : node.text;
  return `${node.tag ?? resolveScalar(node).tag} \`${shown}\``;
}
