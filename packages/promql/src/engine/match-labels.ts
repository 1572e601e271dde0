import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {BinaryExpr, VectorMatching} from '../parse/ast.ts';
import {changesMeaning} from './arithmetic.ts';
import {type LabelSetId, labelSetIdOf, type Projection} from './label-table.ts';
import type {QueryContext} from './query-context.ts';

/** What a matching clause makes of label sets: the signature that rows are matched by, and the labels of a result. */
export class MatchLabels {
  readonly #context: QueryContext;
  readonly #matching: VectorMatching;
  readonly #signature: Projection;
  readonly #group: Projection;
  readonly #dropsName: boolean;
  readonly #oneToOne: Projection | undefined;

  constructor(context: QueryContext, expr: BinaryExpr, matching: VectorMatching) {
    const {labels, options} = context;
    const {on} = matching;
    this.#context = context;
    this.#matching = matching;
    this.#signature = labels.projection(on ? matching.labels : [METRIC_NAME, ...matching.labels], on);
    this.#group = labels.projection(matching.labels, on);
    this.#dropsName = changesMeaning(expr.op) || (expr.returnBool && !options.delayedNameRemoval);
    this.#oneToOne = matching.cardinality === 'one-to-one' ? this.#group : undefined;
  }

  /** Rows with equal signatures match. */
  signatureOf(ref: number): LabelSetId {
    return this.#signature.of(labelSetIdOf(ref));
  }

  /** The labels that stand for a match group: in messages, and for a filled-in side. */
  groupOf(ref: number): LabelSetId {
    // Upstream's ignoring() keeps the name out of a match group as well.
    const id = labelSetIdOf(ref);
    if (this.#matching.on) return this.#group.of(id);
    return this.#signature.of(id);
  }

  /** Labels of the result of a row of the "many" side and one of the "one" side. */
  resultOf(many: number, one: number): LabelSetId {
    const {labels} = this.#context;
    let id = labelSetIdOf(many);
    if (this.#dropsName) id = labels.withoutName.of(id);
    if (this.#oneToOne !== undefined) id = this.#oneToOne.of(id);
    for (const name of this.#matching.include) {
      const symbol = labels.symbol(name);
      id = labels.withSymbols(id, symbol, labels.valueSymbol(labelSetIdOf(one), symbol));
    }
    return id;
  }
}
