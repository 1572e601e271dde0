import type {BlockMeta} from '../block/meta.ts';
import {HINT_OUT_OF_ORDER, HINT_SELECTED_SERIES, HINT_STALE_SERIES, hasHint} from '../block/meta.ts';

/**
 * How far the head was written to blocks, ms: the end of the newest block that has all series of its time; -Infinity when there is none.
 * In-order samples before it are refused.
 */
export function writtenUntil(metas: readonly BlockMeta[]): number {
  const partial = [HINT_OUT_OF_ORDER, HINT_STALE_SERIES, HINT_SELECTED_SERIES];
  const whole = metas.filter((meta) => !partial.some((hint) => hasHint(meta, hint)));
  return Math.max(-Infinity, ...whole.map((meta) => meta.maxTime));
}
