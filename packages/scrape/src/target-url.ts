import type {Labels} from '@narthex/model/labels.ts';

const PARAMETER_PREFIX = '__param_';

/**
 * Where a target is scraped: scheme, address and path of its labels, `params` of the configuration with those of its labels over
 * them. Written as Go writes URLs: it is shown to users, and decides on the target's place in time. Not necessarily a valid URL.
 */
export function targetUrl(params: ReadonlyMap<string, readonly string[]>, labels: Labels): string {
  const path = escapePath(labels.get('__metrics_path__'));
  const slash = path === '' || path.startsWith('/') ? '' : '/';
  const query = encodeQuery(queryOf(params, labels));
  return `${labels.get('__scheme__')}://${labels.get('__address__')}${slash}${path}${query && `?${query}`}`;
}

function queryOf(params: ReadonlyMap<string, readonly string[]>, labels: Labels): Map<string, readonly string[]> {
  const query = new Map(params);
  for (const [name, value] of labels.entries()) {
    if (!name.startsWith(PARAMETER_PREFIX)) continue;
    const key = name.slice(PARAMETER_PREFIX.length);
    query.set(key, [value, ...(query.get(key) ?? []).slice(1)]);
  }
  return query;
}

/** As url.Values.Encode: sorted by key, a space is a plus. */
function encodeQuery(query: ReadonlyMap<string, readonly string[]>): string {
  const keys = [...query.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return keys.flatMap((key) => query.get(key)!.map((value) => `${escapeQuery(key)}=${escapeQuery(value)}`)).join('&');
}

const escapeQuery = (text: string): string => escapeAll(text).replaceAll('%20', '+');

/** As url.URL.EscapedPath of a path that was not escaped before. */
const escapePath = (path: string): string =>
  escapeAll(path).replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent);

/** Everything but letters, digits, `-`, `_`, `.` and `~`. */
const escapeAll = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
