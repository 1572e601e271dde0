import {Random} from '@narthex/promql/random-expressions/random.ts';
import {changes} from './changes.ts';
import {askBoth, judge, type Verdict} from './compare-engines.ts';
import {OwnEngine} from './own-engine.ts';
import {randomData} from './random-data.ts';
import {randomQuestion} from './random-query.ts';
import {ServerEngine} from './server-engine.ts';

export interface Run {
  readonly seed: number;
  readonly count: number;
  /** The real Prometheus 2.42. */
  readonly command: string;
}

/** Questions to one set of samples. */
const ROUND = 2500;

/** Asks both engines `count` random questions, each round about other data. The same seed gives the same questions. */
export async function* verdicts({seed, count, command}: Run): AsyncGenerator<Verdict, void, undefined> {
  const random = new Random(seed);
  for (let asked = 0; asked < count; asked += ROUND) yield* round(random, Math.min(ROUND, count - asked), command);
}

async function* round(random: Random, count: number, command: string): AsyncGenerator<Verdict, void, undefined> {
  const data = randomData(random);
  const real = await ServerEngine.start(data, {command});
  try {
    const ask = askBoth(real, new OwnEngine(data));
    for (let i = 0; i < count; i++) yield await judge(randomQuestion(random), ask, changes);
  } finally {
    await real.destroy();
  }
}
