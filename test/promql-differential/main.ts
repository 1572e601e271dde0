// The engine beside Prometheus 2.42 on random expressions: `npm run promql-differential -- --count 20000 --seed 1`. See test/README.md.
import path from 'node:path';
import {parseArgs} from 'node:util';
import {peersFolder} from '../support/process.ts';
import {count as countVerdict, describeFault, emptyTally, summary} from './report.ts';
import {verdicts} from './rounds.ts';

const FAULTS_SHOWN = 30;

async function main(args: string[]): Promise<number> {
  const {values} = parseArgs({
    args,
    options: {count: {type: 'string', default: '20000'}, seed: {type: 'string', default: '1'}},
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  if (!(count > 0) || !Number.isInteger(seed))
    throw new Error('usage: npm run promql-differential -- [--count N] [--seed N]');
  if (peersFolder === undefined) {
    console.log('skipped: the real Prometheus is not installed (PEERS_DIR)');
    return 0;
  }
  const tally = emptyTally();
  for await (const verdict of verdicts({count, seed, command: path.join(peersFolder, 'prometheus')})) {
    countVerdict(tally, verdict);
    if (verdict.faults.length > 0 && tally.faults.length <= FAULTS_SHOWN) console.log(`${describeFault(verdict)}\n`);
  }
  console.log(`seed ${seed}: ${summary(tally)}`);
  return tally.faults.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
