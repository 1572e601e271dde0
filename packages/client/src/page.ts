import {encodeFamilies, encodeFamilyChunks} from '@narthex/exposition/encode.ts';
import {negotiate} from '@narthex/exposition/negotiation.ts';
import type {OpenMetricsOptions} from '@narthex/exposition/openmetrics-writer.ts';
import type {RegistrySnapshot} from './snapshot.ts';

/** A /metrics page with the header that says how it is written. */
export interface Page {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** Writes a snapshot for the `Accept` header of a request: OpenMetrics to who asks for it, else text 0.0.4. */
export function encodeSnapshot(snapshot: RegistrySnapshot, accept?: string, options: OpenMetricsOptions = {}): Page {
  const format = negotiate(accept);
  return {body: encodeFamilies(snapshot.families, format, options), contentType: format.contentType};
}

/** The same in pieces of some 128 KiB, written as they are taken. */
export function streamSnapshot(
  snapshot: RegistrySnapshot,
  accept?: string,
  options: OpenMetricsOptions = {},
): {readonly chunks: Iterable<Uint8Array>; readonly contentType: string} {
  const format = negotiate(accept);
  return {chunks: encodeFamilyChunks(snapshot.families, format, options), contentType: format.contentType};
}
