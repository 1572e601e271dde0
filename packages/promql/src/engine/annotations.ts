import type {SourceRange} from '../parse/ast.ts';
import {positionOf} from '../parse/position.ts';

export type AnnotationKind = 'warning' | 'info';

interface Annotation {
  readonly kind: AnnotationKind;
  /** The text that stands before the position; equal texts are one annotation. */
  readonly text: string;
  range: SourceRange;
  readonly detail: AnnotationDetail | undefined;
}

/** What equal annotations add up to, such as a count; its text at the end stands between text and position. */
export interface AnnotationDetail {
  toString(): string;
}

/** Texts of an answer, at most as many as asked for, and a line with the number of those left out. */
export interface AnnotationTexts {
  readonly warnings: string[];
  readonly infos: string[];
}

/** Bounds on what one query may collect, so that a million metric names do not make a million annotations. */
const KEPT_MAX = 10_000;

/** What is worth saying about a result without being an error (upstream's util/annotations). */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  /** Adds an annotation; one with the same text is replaced, so that the last position counts, as upstream's does. */
  add(kind: AnnotationKind, text: string, range: SourceRange): void {
    const known = this.#byText.get(text);
    if (known !== undefined) known.range = range;
    else this.#keep({kind, text, range, detail: undefined});
  }

  /** The detail of the annotation with this text, which is made where there is none. Of equal ones the first position counts, as upstream's does. */
  detailed<T extends AnnotationDetail>(kind: AnnotationKind, text: string, range: SourceRange, make: () => T): T {
    // One text always has one kind of detail.
    const known = this.#byText.get(text)?.detail as T | undefined;
    if (known !== undefined) return known;
    const detail = make();
    this.#keep({kind, text, range, detail});
    return detail;
  }

  warn(text: string, range: SourceRange): void {
    this.add('warning', `PromQL warning: ${text}`, range);
  }

  /** A warning that says how often it occurred in all, when more than once. */
  warnCounted(text: string, occurrences: number, range: SourceRange): void {
    this.detailed('warning', `PromQL warning: ${text}`, range, () => new Occurrences()).count += occurrences;
  }

  info(text: string, range: SourceRange): void {
    this.add('info', `PromQL info: ${text}`, range);
  }

  /** The texts with positions in `query`, first by position; `max` of each kind, 0 for all. */
  texts(query: string, max = 10): AnnotationTexts {
    const sorted = [...this.#byText.values()].toSorted(
      (a, b) => a.range.start - b.range.start || (a.text < b.text ? -1 : Number(a.text > b.text)),
    );
    return {
      warnings: limited(query, sorted, 'warning', max),
      infos: limited(query, sorted, 'info', max),
    };
  }

  #keep(annotation: Annotation): void {
    if (this.#byText.size < KEPT_MAX) this.#byText.set(annotation.text, annotation);
  }
}

class Occurrences implements AnnotationDetail {
  count = 0;

  toString(): string {
    return this.count > 1 ? ` (${this.count} occurrences)` : '';
  }
}

function limited(query: string, sorted: readonly Annotation[], kind: AnnotationKind, max: number): string[] {
  const all = sorted.filter((annotation) => annotation.kind === kind);
  const shown = max === 0 ? all : all.slice(0, max);
  const texts = shown.map(
    ({text, detail, range}) =>
      `${text}${detail === undefined ? '' : String(detail)} (${positionOf(query, range.start)})`,
  );
  if (shown.length < all.length) texts.push(`${all.length - shown.length} more ${kind} annotations omitted`);
  return texts;
}
