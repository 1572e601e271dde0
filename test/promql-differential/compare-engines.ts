import type {Pair} from './locate.ts';
import {agree, type Ask, type Blame, locate} from './locate.ts';
import {type Change, inOurOrder} from './changes.ts';
import type {Question} from './random-query.ts';
import type {OwnEngine} from './own-engine.ts';
import type {ServerEngine} from './server-engine.ts';

/** What became of one question: `excuses` is empty when both say the same, `faults` when every difference is a known change. */
export interface Verdict extends Pair {
  readonly question: Question;
  readonly excuses: readonly Change[];
  readonly faults: readonly Blame[];
}

/** Asks both engines; 2.42 by its own names of functions. */
export const askBoth =
  (real: ServerEngine, own: OwnEngine): Ask =>
  async (question) => ({old: await real.ask({...question, text: inOldWords(question.text)}), now: own.ask(question)});

/** As long as before, so that places in the text stay the same. */
const inOldWords = (text: string): string =>
  text.replaceAll('double_exponential_smoothing', 'holt_winters'.padEnd('double_exponential_smoothing'.length));

export async function judge(question: Question, ask: Ask, changes: readonly Change[]): Promise<Verdict> {
  const pair = await ask(question);
  if (agree(pair)) return {question, excuses: [], faults: [], ...pair};
  const excuses: Change[] = [];
  const faults: Blame[] = [];
  for (const blame of await locate(question, ask)) {
    const change = changes.find(({isCause}) => isCause(blame) || isCause(inOurOrder(blame)));
    if (change === undefined) faults.push(blame);
    else excuses.push(change);
  }
  return {question, excuses, faults, ...pair};
}
