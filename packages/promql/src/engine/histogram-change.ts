import {ADDED, addHistogram, subtractHistogram} from '@narthex/model/histogram/add.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {NOTE} from './window-notes.ts';

/** Adds in place; returns bits of NOTE: with `mixedSchemas` nothing was added. Conflicting hints are not looked at: rates tell resets themselves. */
export function add(target: FloatHistogram, other: FloatHistogram): number {
  return notesOf(addHistogram(target, other), NOTE.boundsOfSum);
}

/** Subtracts in place; as `add` otherwise. */
export function subtract(target: FloatHistogram, other: FloatHistogram): number {
  return notesOf(subtractHistogram(target, other), NOTE.boundsOfDifference);
}

function notesOf(added: number, reconciled: number): number {
  if ((added & ADDED.incompatible) !== 0) return NOTE.mixedSchemas;
  return (added & ADDED.boundsReconciled) === 0 ? 0 : reconciled;
}
