import type {StepInput, StepResult} from './evaluation.ts';
import {isSameHistogram} from '@narthex/model/histogram/equals.ts';
import {LabelsBuilder, type Labels} from '@narthex/model/labels.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {atan2, pow} from '../engine/math.ts';
import type {BinaryExpr, BinaryOp, SetOp, SourceRange, VectorMatching} from '../parse/ast.ts';
import {isComparison, isSetOperator} from '../parse/ast.ts';
import {Annotations, type Annotation} from './annotations.ts';
import {asGauge, compacted, difference, product, quotient, sum, trimmed} from './histograms.ts';
import {keyOf, matchedLabels, withoutMetadata} from './label-sets.ts';
import * as notes from './notes.ts';
import {isFloat, isHistogram, NaiveError, type Sample, type Value} from './values.ts';

const ARITHMETIC: ReadonlySet<BinaryOp> = new Set(['+', '-', '*', '/', '%', '^', 'atan2']);

/** An operator of two floats; comparisons give whether they hold. */
function floatOperation(op: BinaryOp, x: number, y: number): number | boolean {
  switch (op) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '%':
      return x % y;
    case '^':
      return pow(x, y);
    case 'atan2':
      return atan2(x, y);
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    default:
      throw new Error(`no operator of floats: ${op}`);
  }
}

export const scalarOperation = (op: BinaryOp, x: number, y: number): number => Number(floatOperation(op, x, y));

/** What an operator gives for two values. */
interface Outcome {
  /** Undefined: the two do not go together. */
  readonly value: Value | undefined;
  /** The comparison holds, or there is none. */
  readonly keep: boolean;
  /** Upstream tells these two kinds of notes apart: `problem` comes before `remark`. */
  readonly problem?: Annotation | undefined;
  readonly remark?: Annotation | undefined;
}

function operation(op: BinaryOp, left: Value, right: Value, range: SourceRange): Outcome {
  if (isFloat(left) && isFloat(right) && op !== '</' && op !== '>/') {
    const result = floatOperation(op, left, right);
    return typeof result === 'boolean' ? {value: left, keep: result} : {value: result, keep: true};
  }
  const made = (value: Value): Outcome => ({value, keep: true});
  if (isFloat(left) && isHistogram(right) && op === '*') return made(compacted(product(right, left)));
  if (isHistogram(left) && isFloat(right)) {
    if (op === '*') return made(compacted(product(left, right)));
    if (op === '/') return made(compacted(quotient(left, right)));
    if (op === '</') return made(trimmed(left, right, 'below'));
    if (op === '>/') return made(trimmed(left, right, 'above'));
  }
  if (isHistogram(left) && isHistogram(right)) {
    if (op === '+' || op === '-') return combination(op, left, right, range);
    if (op === '==') return {value: left, keep: isSameHistogram(left, right)};
    if (op === '!=') return {value: left, keep: !isSameHistogram(left, right)};
  }
  const kind = (value: Value) => (isHistogram(value) ? 'histogram' : 'float');
  const problem = notes.incompatibleTypes(kind(left), op, kind(right), range);
  return {value: undefined, keep: false, problem};
}

function combination(op: '+' | '-', left: FloatHistogram, right: FloatHistogram, range: SourceRange): Outcome {
  const result = op === '+' ? sum(left, right) : difference(left, right);
  if (result === undefined) return {value: undefined, keep: false, problem: notes.incompatibleBuckets(op, range)};
  const name = op === '+' ? 'addition' : 'subtraction';
  const {hasCollision, isReconciled} = result;
  return {
    value: compacted(op === '+' ? result.histogram : asGauge(result.histogram)),
    keep: true,
    problem: hasCollision ? notes.resetCollision(name, range) : undefined,
    remark: isReconciled ? notes.boundsReconciled(name, range) : undefined,
  };
}

/** One step of an operator with a vector on at least one side. */
export function binaryStep(node: BinaryExpr, input: StepInput, isDelayed: boolean): StepResult {
  const {lhs, rhs, op} = node;
  const [left, right] = input.vectors;
  if (lhs.type === 'scalar') return withScalar(node, right, left[0].value as number, true, isDelayed);
  if (rhs.type === 'scalar') return withScalar(node, left, right[0].value as number, false, isDelayed);
  if (isSetOperator(op)) return [setOperation(op, left, right, input)];
  return new Join(node, input, isDelayed).run();
}

function setOperation(
  op: SetOp,
  left: readonly Sample[],
  right: readonly Sample[],
  {signatureOf}: StepInput,
): Sample[] {
  const signatures = (rows: readonly Sample[]) => new Set(rows.map(({labels}) => signatureOf(labels)));
  if (op === 'or') {
    const known = signatures(left);
    return [...left, ...right.filter(({labels}) => !known.has(signatureOf(labels)))];
  }
  const known = signatures(right);
  return left.filter(({labels}) => known.has(signatureOf(labels)) === (op === 'and'));
}

function withScalar(
  {op, returnBool, range}: BinaryExpr,
  vector: readonly Sample[],
  scalar: number,
  isScalarLeft: boolean,
  isDelayed: boolean,
): StepResult {
  const result: Sample[] = [];
  let problem: Annotation | undefined;
  for (const sample of vector) {
    const [left, right] = isScalarLeft ? [scalar, sample.value] : [sample.value, scalar];
    const outcome = operation(op, left, right, range);
    if (outcome.problem !== undefined) {
      problem = outcome.problem;
      continue;
    }
    if (!outcome.keep && !returnBool) continue;
    const computed = isComparison(op) ? sample.value : outcome.value!;
    const value = returnBool ? Number(outcome.keep) : computed;
    const dropName = returnBool || ARITHMETIC.has(op);
    const labels = dropName && !isDelayed ? withoutMetadata(sample.labels) : sample.labels;
    result.push({labels, dropName: dropName || sample.dropName, value, timeMs: sample.timeMs});
  }
  return [result, problem && Annotations.of(problem)];
}

/** One step of an operator between two vectors that match one to one, or many to one. */
class Join {
  readonly #node: BinaryExpr;
  readonly #matching: VectorMatching;
  readonly #input: StepInput;
  readonly #isDelayed: boolean;
  /** The side that may have many samples of a signature, and the one that must not. */
  readonly #many: readonly Sample[];
  readonly #one: readonly Sample[];
  readonly #isSwapped: boolean;
  readonly #result: Sample[] = [];
  /** Label sets of results by signature, also of those that a comparison left out. */
  readonly #matched = new Map<string, Set<string>>();
  /** Of several notes at one step the last one stays. */
  #note: Annotation | undefined;

  constructor(node: BinaryExpr, input: StepInput, isDelayed: boolean) {
    const [left, right] = input.vectors;
    this.#node = node;
    this.#matching = node.matching!;
    this.#input = input;
    this.#isDelayed = isDelayed;
    this.#isSwapped = this.#matching.cardinality === 'one-to-many';
    this.#many = this.#isSwapped ? right : left;
    this.#one = this.#isSwapped ? left : right;
  }

  run(): StepResult {
    const {fillLhs, fillRhs} = this.#matching;
    const canFill = fillLhs !== undefined || fillRhs !== undefined;
    const [many, one] = [this.#many, this.#one];
    if ((many.length === 0 && one.length === 0) || ((many.length === 0 || one.length === 0) && !canFill)) return [[]];
    const ones = this.#bySignature();
    for (const sample of many) {
      const signature = this.#input.signatureOf(sample.labels);
      const partner = ones.get(signature) ?? this.#filled(sample, fillRhs);
      if (partner !== undefined) this.#combine(sample, partner, signature);
    }
    for (const sample of one) {
      const signature = this.#input.signatureOf(sample.labels);
      const partner = this.#filled(sample, fillLhs);
      if (partner !== undefined && !this.#matched.has(signature)) this.#combine(partner, sample, signature);
    }
    return [this.#result, this.#note && Annotations.of(this.#note)];
  }

  #bySignature(): Map<string, Sample> {
    const ones = new Map<string, Sample>();
    for (const sample of this.#one) {
      const signature = this.#input.signatureOf(sample.labels);
      const other = ones.get(signature);
      if (other !== undefined) throw this.#duplicates(sample, other);
      ones.set(signature, sample);
    }
    return ones;
  }

  #duplicates(sample: Sample, other: Sample): NaiveError {
    const {on, labels} = this.#matching;
    const group = matchedLabels(sample.labels, on, labels);
    const side = this.#isSwapped ? 'left' : 'right';
    const pair = [sample, other].map((one) => one.labels.toString()).sort(byBytes);
    return new NaiveError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${pair.join(', ')}]` +
        ';many-to-many matching not allowed: matching labels must be unique on one side',
    );
  }

  /** What stands for the missing partner of a sample. */
  #filled({labels, timeMs}: Sample, fill: number | undefined): Sample | undefined {
    if (fill === undefined) return undefined;
    const {on, labels: names} = this.#matching;
    return {labels: matchedLabels(labels, on, names), dropName: false, value: fill, timeMs};
  }

  #combine(many: Sample, one: Sample, signature: string): void {
    const {op, range, returnBool} = this.#node;
    const [left, right] = this.#isSwapped ? [one, many] : [many, one];
    const {value, keep, problem, remark} = operation(op, left.value, right.value, range);
    this.#note = problem ?? remark ?? this.#note;
    if (problem !== undefined) return;
    const labels = this.#labelsOf(many.labels, one.labels);
    this.#noteMatch(signature, labels);
    if (returnBool) this.#result.push({labels, dropName: true, value: Number(keep), timeMs: this.#input.timeMs});
    else if (keep) this.#result.push({labels, dropName: false, value: value!, timeMs: this.#input.timeMs});
  }

  #noteMatch(signature: string, labels: Labels): void {
    const known = this.#matched.get(signature) ?? new Set();
    if (this.#matching.cardinality === 'one-to-one') {
      if (known.size > 0)
        throw new NaiveError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
    } else if (known.has(keyOf(labels))) {
      throw new NaiveError('multiple matches for labels: grouping labels must ensure unique matches');
    }
    this.#matched.set(signature, known.add(keyOf(labels)));
  }

  /** Also with delayed removal the name goes at once where the operator computes. */
  #labelsOf(many: Labels, one: Labels): Labels {
    const {op, returnBool} = this.#node;
    const {cardinality, on, labels: names, include} = this.#matching;
    const dropsName = ARITHMETIC.has(op) || (returnBool && !this.#isDelayed);
    const builder = new LabelsBuilder(dropsName ? withoutMetadata(many) : many);
    if (cardinality === 'one-to-one') {
      if (on) builder.keep(...names);
      else builder.del(...names);
    }
    for (const name of include) builder.set(name, one.get(name));
    return builder.labels();
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
