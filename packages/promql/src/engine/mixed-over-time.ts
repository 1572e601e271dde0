// Functions over ranges that look at samples of both kinds as they come.
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import {NOTE} from './window-notes.ts';

/** Functions of floats: histograms are ignored, with an info. */
export const IGNORE_HISTOGRAMS: MixedFunction = {
  usesKernel: true,
  compute(window) {
    if (window.isMixed) window.notes |= NOTE.ignoredHistograms;
  },
};

/** Functions that give a float for any window with samples. */
export function floatOf(compute: (window: MixedWindow) => number): MixedFunction {
  return {usesKernel: false, compute: (window) => window.setFloat(compute(window))};
}

/** The first or the last sample, whatever it is. */
export function sampleOf(place: 'first' | 'last'): MixedFunction {
  return {
    usesKernel: false,
    givesSamples: true,
    compute: (window) => window.series.copy(place === 'first' ? window.from : window.end - 1, window.cell),
  };
}
