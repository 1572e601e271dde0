import type {AnchoredRegex} from '@narthex/model/regex.ts';

/**
 * Headers that let pages of other origins read an answer. `allowed` is undefined where every origin is (the pattern `.*`).
 * As upstream, an origin that is not allowed gets all of them but the one that counts.
 */
export function corsHeaders(origin: string | undefined, allowed: AnchoredRegex | undefined): Record<string, string> {
  if (!origin) return {Vary: 'Origin'};
  const headers: Record<string, string> = {
    'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Expose-Headers': 'Date',
    Vary: 'Origin',
  };
  if (allowed === undefined) headers['Access-Control-Allow-Origin'] = '*';
  else if (allowed.matches(origin)) headers['Access-Control-Allow-Origin'] = origin;
  return headers;
}
