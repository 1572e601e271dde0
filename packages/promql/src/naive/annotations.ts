// Annotations as upstream collects them: each node has its own set, which is merged into that of its parent. That is visible: of equal texts the position that
// is merged last stays, and those that count are shared between sets, so that merging the same set again counts again.
import type {SourceRange} from '../parse/ast.ts';
import {positionOf} from '../parse/position.ts';

/** Something worth saying about a result. Two with the same `text` are one. */
export class Annotation {
  readonly kind: 'warning' | 'info';
  readonly text: string;
  readonly range: SourceRange;

  constructor(kind: 'warning' | 'info', text: string, range: SourceRange) {
    this.kind = kind;
    this.text = text;
    this.range = range;
  }

  /** What is kept when `earlier`, with the same text, is there already. */
  mergedInto(_earlier: Annotation): Annotation {
    return this;
  }

  /** What is said between text and position. */
  detail(): string {
    return '';
  }

  show(query: string): string {
    const prefix = this.kind === 'warning' ? 'PromQL warning' : 'PromQL info';
    return `${prefix}: ${this.text}${this.detail()} (${positionOf(query, this.range.start)})`;
  }
}

export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  /** A set with one annotation. */
  static of(annotation: Annotation): Annotations {
    return new Annotations().add(annotation);
  }

  add(annotation: Annotation): this {
    const key = `${annotation.kind} ${annotation.text}`;
    const earlier = this.#byText.get(key);
    this.#byText.set(key, earlier === undefined ? annotation : annotation.mergedInto(earlier));
    return this;
  }

  merge(other: Annotations | undefined): this {
    if (other !== undefined) for (const annotation of other.#byText.values()) this.add(annotation);
    return this;
  }

  clear(): void {
    this.#byText.clear();
  }

  texts(kind: 'warning' | 'info', query: string): string[] {
    const all = [...this.#byText.values()].filter((annotation) => annotation.kind === kind);
    return all.map((annotation) => annotation.show(query));
  }
}
