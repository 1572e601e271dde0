import type {SourceRange} from '../parse/ast.ts';
import {positionOf} from '../parse/position.ts';

export type AnnotationKind = 'warning' | 'info';

interface Annotation {
  readonly kind: AnnotationKind;
  /** The text that stands before the position; equal texts are one annotation. */
  readonly text: string;
  /** Where it is, and when upstream would have come there. */
  range: SourceRange;
  order: number;
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
  #places = 0;

  /** Where an operator annotates. Operators ask when they are made, children before their parents: that is upstream's order of evaluation. */
  at(range: SourceRange): AnnotationPlace {
    return new AnnotationPlace(this.#byText, range, this.#places++);
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
}

/**
 * One place of a query, for the annotations of one operator. Of equal texts at several places the last place in upstream's order of evaluation counts, as
 * upstream's does, whenever each is added: batches decide about that time, not about the answer.
 */
export class AnnotationPlace {
  readonly #byText: Map<string, Annotation>;
  readonly #range: SourceRange;
  readonly #order: number;

  constructor(byText: Map<string, Annotation>, range: SourceRange, order: number) {
    this.#byText = byText;
    this.#range = range;
    this.#order = order;
  }

  warn(text: string): void {
    this.#add('warning', `PromQL warning: ${text}`);
  }

  info(text: string): void {
    this.#add('info', `PromQL info: ${text}`);
  }

  /** A warning that says how often it occurred in all, when more than once. */
  warnCounted(text: string, occurrences: number): void {
    this.detailed('warning', `PromQL warning: ${text}`, () => new Occurrences()).count += occurrences;
  }

  /** The detail of the annotation with this text, which is made where there is none. Of equal ones the first place counts, as upstream's does. */
  detailed<T extends AnnotationDetail>(kind: AnnotationKind, text: string, make: () => T): T {
    const known = this.#byText.get(text);
    if (known?.detail !== undefined) {
      if (known.order > this.#order) this.#move(known);
      // One text always has one kind of detail.
      return known.detail as T;
    }
    const detail = make();
    this.#keep(kind, text, detail);
    return detail;
  }

  #add(kind: AnnotationKind, text: string): void {
    const known = this.#byText.get(text);
    if (known === undefined) this.#keep(kind, text, undefined);
    else if (known.order < this.#order) this.#move(known);
  }

  #move(annotation: Annotation): void {
    annotation.range = this.#range;
    annotation.order = this.#order;
  }

  #keep(kind: AnnotationKind, text: string, detail: AnnotationDetail | undefined): void {
    if (this.#byText.size >= KEPT_MAX) return;
    this.#byText.set(text, {kind, text, range: this.#range, order: this.#order, detail});
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
