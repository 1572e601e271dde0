/** One thing that is wrong in a document. */
export interface YamlProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Where in the document, as `scrape_configs[0].job_name`; '' is the document itself. */
  readonly path: string;
  /** What is wrong, in upstream's words where upstream has words for it. */
  readonly message: string;
  /** `type`: what Go's yaml itself reports; `value`: what a declared type refuses; `syntax`: no YAML. */
  readonly kind: 'type' | 'value' | 'syntax';
}

/** A document that is no YAML or not what its declared type wants. The message tells every problem with its line. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  /** Name of the file as the caller gave it. */
  readonly file: string | undefined;
  /** At least one, in order of lines. */
  readonly problems: readonly YamlProblem[];

  constructor(file: string | undefined, problems: readonly YamlProblem[], options: {cause?: unknown} = {}) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    super(describe(file, sorted), {cause: options.cause});
    this.file = file;
    this.problems = sorted;
  }
}

/** What a decode function of a declared type throws to refuse a value. */
export class YamlValueError extends Error {
  override readonly name = 'YamlValueError';
}

function describe(file: string | undefined, problems: readonly YamlProblem[]): string {
  const [first] = problems;
  const place = file === undefined ? '' : `${file}:${first.line}: `;
  if (problems.some(({kind}) => kind === 'type')) {
    return `${place}yaml: unmarshal errors:\n${problems.map((problem) => `  ${describeOne(problem)}`).join('\n')}`;
  }
  // The place has the line already.
  if (problems.length === 1 && first.kind === 'value' && place !== '') return `${place}${describeValue(first)}`;
  return place + problems.map(describeOne).join('\n');
}

function describeOne(problem: YamlProblem): string {
  const {kind, line, path, message} = problem;
  if (kind === 'syntax') return `yaml: line ${line}: ${message}`;
  if (kind === 'value') return `line ${line}: ${describeValue(problem)}`;
  return path === '' ? `line ${line}: ${message}` : `line ${line}: ${message} (at ${path})`;
}

function describeValue({path, message}: YamlProblem): string {
  return path === '' ? message : `${path}: ${message}`;
}
