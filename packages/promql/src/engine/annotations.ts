import type {SourceRange} from '../parse/ast.ts';
import {positionOf} from '../parse/position.ts';

export type AnnotationKind = 'warning' | 'info';

interface Annotation {
  readonly kind: AnnotationKind;
  /** The text that stands before the position; equal texts are one annotation. */
  readonly text: string;
  range: SourceRange;
  /** More that is only known at the end, such as a count; put between text and position. */
  detail: (() => string) | undefined;
  /** How often it occurred, where that is said. */
  occurrences: number;
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
  add(kind: AnnotationKind, text: string, range: SourceRange, detail?: () => string): void {
    const known = this.#byText.get(text);
    if (known !== undefined) {
      known.range = range;
      known.detail = detail;
    } else if (this.#byText.size < KEPT_MAX) this.#byText.set(text, {kind, text, range, detail, occurrences: 0});
  }

  warn(text: string, range: SourceRange): void {
    this.add('warning', `PromQL warning: ${text}`, range);
  }

  /** A warning that says how often it occurred in all, when more than once. Of equal ones the first position counts, as upstream's does. */
  warnCounted(text: string, occurrences: number, range: SourceRange): void {
    const full = `PromQL warning: ${text}`;
    let known = this.#byText.get(full);
    if (known === undefined) {
      this.add('warning', full, range);
      known = this.#byText.get(full);
      if (known === undefined) return;
      const counted = known;
      known.detail = () => (counted.occurrences > 1 ? ` (${counted.occurrences} occurrences)` : '');
    }
    known.occurrences += occurrences;
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
}

function limited(query: string, sorted: readonly Annotation[], kind: AnnotationKind, max: number): string[] {
  const all = sorted.filter((annotation) => annotation.kind === kind);
  const shown = max === 0 ? all : all.slice(0, max);
  const texts = shown.map(({text, detail, range}) => `${text}${detail?.() ?? ''} (${positionOf(query, range.start)})`);
  if (shown.length < all.length) texts.push(`${all.length - shown.length} more ${kind} annotations omitted`);
  return texts;
}
