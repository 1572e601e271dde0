import {type Group, vectorAt} from './matrix.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {Aggregation} from '../parse/ast.ts';
import type {Annotations} from './annotations.ts';
import {GoHeap, goSorted, isLarger, isSmaller} from './floats.ts';
import * as notes from './notes.ts';
import {isFloat, isHistogram, type Sample, type Series} from './values.ts';

interface Step {
  readonly groups: readonly Group[];
  readonly input: readonly Series[];
  readonly step: number;
  readonly timeMs: number;
  readonly annotations: Annotations;
}

const floatOf = ({value}: Sample): number => (isFloat(value) ? value : 0);

/** The samples that topk, bottomk, limitk or limit_ratio let through at one step, group by group. */
export function choose(node: Aggregation, parameter: number, at: Step): Sample[] {
  const {groups, input, step, timeMs} = at;
  const present = input.filter(({points}) => points[step] !== undefined);
  if (node.op === 'limit_ratio') {
    if (parameter === 0) return [];
    const ratio = Math.max(-1, Math.min(1, parameter));
    return groups.flatMap(({members}) =>
      heapOf(vectorAt(members, step, timeMs).filter(({labels}) => isInRatio(labels, ratio))),
    );
  }
  const k = Math.min(Math.trunc(parameter), input.length);
  if (k < 1) return [];
  if (node.op === 'limitk') return groups.flatMap(({members}) => heapOf(vectorAt(members, step, timeMs).slice(0, k)));
  if (present.some(({points}) => isHistogram(points[step])))
    at.annotations.add(notes.ignoredInAggregation(node.op, node.range));
  const isLess = node.op === 'topk' ? isSmaller : isLarger;
  return groups.flatMap(({members}) => {
    const floats = vectorAt(members, step, timeMs).filter(({value}) => isFloat(value));
    return best(floats, k, isLess);
  });
}

/** Upstream keeps also samples that it does not sort in a heap by value, and gives them out in the heap's order. */
function heapOf(samples: readonly Sample[]): Sample[] {
  const heap = new GoHeap<Sample>((a, b) => isSmaller(floatOf(a), floatOf(b)));
  for (const sample of samples) heap.push(sample);
  return heap.list;
}

/** The `k` last samples in the order of `isLess`, the last one first. */
function best(samples: readonly Sample[], k: number, isLess: (a: number, b: number) => boolean): Sample[] {
  const isLessSample = (a: Sample, b: Sample) => isLess(floatOf(a), floatOf(b));
  const heap = new GoHeap<Sample>(isLessSample);
  for (const sample of samples) {
    if (heap.list.length < k) heap.push(sample);
    else if (isBetter(floatOf(sample), floatOf(heap.list[0]), isLess)) heap.replaceFirst(sample);
  }
  if (heap.list.length < 2) return heap.list;
  return goSorted(heap.list, (a, b) => isLessSample(b, a));
}

const isBetter = (x: number, worst: number, isLess: (a: number, b: number) => boolean): boolean =>
  (!Number.isNaN(worst) && isLess(worst, x)) || (Number.isNaN(worst) && !Number.isNaN(x));

/** Whether the labels are among the share `ratio` of all label sets; a negative ratio takes the others. */
function isInRatio(labels: Labels, ratio: number): boolean {
  const offset = Number(labels.hash()) / Number(2n ** 64n - 1n);
  return ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
}
