/** Parameters taken from the path, by name. */
export type PathParameters = Readonly<Record<string, string>>;

export type Found<Handler> =
  | {readonly kind: 'found'; readonly handler: Handler; readonly parameters: PathParameters}
  | {readonly kind: 'wrong method'; readonly allowed: readonly string[]}
  | {readonly kind: 'nothing'};

interface Route<Handler> {
  readonly segments: readonly string[];
  readonly methods: Map<string, Handler>;
}

/**
 * Paths to handlers. A pattern is a path whose segments may be `:name`, one segment of any text, or end in `*name`, the rest.
 * Literal paths are found by one map look-up; the few patterns are tried in the order they were added.
 */
export class Router<Handler> {
  readonly #literal = new Map<string, Map<string, Handler>>();
  readonly #patterns: Route<Handler>[] = [];

  add(methods: readonly string[], pattern: string, handler: Handler): void {
    const table = this.#tableOf(pattern);
    for (const method of methods) {
      if (table.has(method)) throw new Error(`route ${method} ${pattern} is there already`);
      table.set(method, handler);
    }
  }

  /** `path` is still percent-encoded; parameters come back decoded. A malformed escape finds nothing. */
  find(method: string, path: string): Found<Handler> {
    const table = this.#literal.get(path);
    if (table) return answer(table, method, {});
    for (const route of this.#patterns) {
      const parameters = match(route.segments, path);
      if (parameters) return answer(route.methods, method, parameters);
    }
    return {kind: 'nothing'};
  }

  #tableOf(pattern: string): Map<string, Handler> {
    if (!/[:*]/.test(pattern)) {
      const table = this.#literal.get(pattern) ?? new Map<string, Handler>();
      this.#literal.set(pattern, table);
      return table;
    }
    const segments = pattern.split('/');
    const known = this.#patterns.find((route) => route.segments.join('/') === pattern);
    if (known) return known.methods;
    const route = {segments, methods: new Map<string, Handler>()};
    this.#patterns.push(route);
    return route.methods;
  }
}

function answer<Handler>(table: Map<string, Handler>, method: string, parameters: PathParameters): Found<Handler> {
  const handler = table.get(method) ?? (method === 'HEAD' ? table.get('GET') : undefined);
  return handler === undefined
    ? {kind: 'wrong method', allowed: [...table.keys()].sort()}
    : {kind: 'found', handler, parameters};
}

function match(segments: readonly string[], path: string): PathParameters | undefined {
  const parts = path.split('/');
  const parameters: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    if (segment.startsWith('*')) {
      return set(parameters, segment.slice(1), parts.slice(i).join('/')) ? parameters : undefined;
    }
    const part = parts[i];
    if (part === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (part === '' || !set(parameters, segment.slice(1), part)) return undefined;
    } else if (segment !== part) return undefined;
  }
  return parts.length === segments.length ? parameters : undefined;
}

function set(parameters: Record<string, string>, name: string, encoded: string): boolean {
  try {
    parameters[name] = decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
