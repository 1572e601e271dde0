import type {ServerProcess} from '../../test/support/process.ts';

/** One series of an answer: labels as text, and values by time in seconds. */
type Rows = Map<string, Map<number, number>>;

interface Result {
  readonly resultType: string;
  readonly result: readonly {
    metric: Record<string, string>;
    value?: readonly [number, string];
    values?: readonly (readonly [number, string])[];
  }[];
}

/** When to ask: an instant, or a range with a step, in seconds. */
export type Moments = {readonly time: number} | {readonly start: number; readonly end: number; readonly step: number};

export interface Allowance {
  readonly absolute: number;
  readonly relative: number;
  /** Points that a series may lack at steps where the other server has it. */
  readonly missingPoints: number;
  /** Whether two empty answers say anything. */
  readonly mayBeEmpty: boolean;
}

export interface Verdict {
  readonly rows: number;
  readonly points: number;
  /** The largest difference in parts of what is allowed. */
  readonly worst: number;
  /** What disagrees; empty when all is well. */
  readonly faults: readonly string[];
}

const FAULTS_MAX = 3;

/** Ask both servers and compare what they say. */
export async function compareQuery(
  servers: readonly [ServerProcess, ServerProcess],
  query: string,
  moments: Moments,
  allowed: Allowance,
): Promise<Verdict> {
  try {
    const [ours, theirs] = await Promise.all(servers.map((server) => ask(server, query, moments)));
    return compareRows(ours!, theirs!, allowed);
  } catch (error) {
    return {rows: 0, points: 0, worst: 0, faults: [(error as Error).message]};
  }
}

/** Ask both servers for a list (names of labels, series, ...) and compare the lists as sets. */
export async function compareList(
  servers: readonly [ServerProcess, ServerProcess],
  route: string,
  parameters: Readonly<Record<string, string | string[]>>,
): Promise<Verdict> {
  const answers = await Promise.all(servers.map(async (server) => (await server.api(route, parameters)) as unknown[]));
  const [ours, theirs] = answers.map((list) => new Set(list.map((item) => textOf(item, route.includes('/le/')))));
  return {rows: ours!.size, points: 0, worst: 0, faults: missing(ours!, theirs!)};
}

const textOf = (item: unknown, isBound: boolean): string =>
  typeof item === 'string' ? (isBound ? normalised(item) : item) : labelText(item as Record<string, string>);

async function ask(server: ServerProcess, query: string, moments: Moments): Promise<Rows> {
  const parameters = Object.entries(moments).map(([name, value]) => [name, String(value)] as const);
  const route = 'time' in moments ? 'query' : 'query_range';
  const {result} = (await server.api(route, {query, ...Object.fromEntries(parameters)})) as Result;
  return new Map(
    result.map(({metric, value, values}) => [
      labelText(metric),
      new Map((values ?? [value!]).map(([time, text]) => [time, numberOf(text)])),
    ]),
  );
}

/** 2.42 keeps bounds of buckets and quantiles as the target wrote them; since 3.0 they are floats: "1" became "1.0". */
function labelText(metric: Record<string, string>): string {
  const pairs = Object.entries(metric).map(([name, value]) =>
    name === 'le' || name === 'quantile' ? [name, normalised(value)] : [name, value],
  );
  return JSON.stringify(pairs.sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

const normalised = (bound: string): string => (/^-?\d+$/.test(bound) ? `${bound}.0` : bound);

const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function compareRows(ours: Rows, theirs: Rows, allowed: Allowance): Verdict {
  const faults = missing(new Set(ours.keys()), new Set(theirs.keys()));
  if (ours.size === 0 && theirs.size === 0 && !allowed.mayBeEmpty) faults.push('both answers are empty');
  let worst = 0;
  let points = 0;
  for (const [labels, ourPoints] of ours) {
    const theirPoints = theirs.get(labels);
    if (!theirPoints) continue;
    points += ourPoints.size;
    const pairs = [...ourPoints].filter(([time]) => theirPoints.has(time));
    const lacking = Math.max(ourPoints.size, theirPoints.size) - pairs.length;
    if (lacking > allowed.missingPoints) faults.push(`${labels}: ${ourPoints.size} points, theirs ${theirPoints.size}`);
    for (const [time, our] of pairs) {
      const off = excess(our, theirPoints.get(time)!, allowed);
      worst = Math.max(worst, off);
      if (off > 1) faults.push(`${labels} at ${time}: ${our}, theirs ${theirPoints.get(time)}`);
    }
  }
  return {rows: ours.size, points, worst, faults};
}

function missing(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): string[] {
  return [
    ...[...theirs].filter((item) => !ours.has(item)).map((item) => `only theirs: ${item}`),
    ...[...ours].filter((item) => !theirs.has(item)).map((item) => `only ours: ${item}`),
  ];
}

/** The difference in parts of what is allowed. */
function excess(a: number, b: number, {absolute, relative}: Allowance): number {
  if (Object.is(a, b) || a === b) return 0;
  const off = Math.abs(a - b) / (absolute + relative * Math.max(Math.abs(a), Math.abs(b)));
  return Number.isNaN(off) ? Infinity : off;
}

/** The first faults, in lines that are not endless. */
export const faultLines = ({faults}: Verdict): string[] => [
  ...faults.slice(0, FAULTS_MAX).map((fault) => fault.slice(0, 400)),
  ...(faults.length > FAULTS_MAX ? [`and ${faults.length - FAULTS_MAX} more`] : []),
];
