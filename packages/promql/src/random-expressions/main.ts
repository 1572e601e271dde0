// Compares the engine with the naive evaluator on random queries: `npm run random-expressions -- --count 50000 --seed 1`. Prints the first failures, each as small
// as it gets and as a test script.
import {parseArgs} from 'node:util';
import {caseOf, differenceAt, scriptOf} from './random-case.ts';
import {shrunk} from './shrink.ts';

const {values} = parseArgs({
  options: {
    count: {type: 'string', default: '10000'},
    seed: {type: 'string', default: '1'},
    failures: {type: 'string', default: '5'},
    shrink: {type: 'boolean', default: true},
  },
  allowNegative: true,
});

const first = Number(values.seed);
let failures = 0;
for (let seed = first; seed < first + Number(values.count); seed++) {
  const one = caseOf(seed);
  const difference = differenceAt(one);
  if (difference === undefined) continue;
  const smallest = values.shrink ? shrunk(one) : one;
  const {found, wanted} = differenceAt(smallest) ?? difference;
  console.log(`${scriptOf(smallest)}  engine: ${found}\n  naive:  ${wanted}\n`);
  if (++failures === Number(values.failures)) break;
}
console.log(failures === 0 ? `${values.count} queries agree` : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
