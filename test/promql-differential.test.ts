// The engine beside Prometheus 2.42 on random expressions: the same texts of values, the same errors, the same order of rows. Where 3.14 means
// something else, `promql-differential/changes.ts` has to recognise it.
import assert from 'node:assert/strict';
import path from 'node:path';
import {suite, test} from 'node:test';
import {Random} from '@narthex/promql/random-expressions/random.ts';
import {OwnEngine} from './promql-differential/own-engine.ts';
import {randomData} from './promql-differential/random-data.ts';
import {randomQuestion} from './promql-differential/random-query.ts';
import {count as countVerdict, describeFault, emptyTally, summary} from './promql-differential/report.ts';
import {verdicts} from './promql-differential/rounds.ts';
import {ServerEngine} from './promql-differential/server-engine.ts';
import {peersFolder} from './support/process.ts';

const SEED = Number(process.env['NARTHEX_PROMQL_SEED'] ?? 1);
const COUNT = Number(process.env['NARTHEX_PROMQL_EXPRESSIONS'] ?? 600);
const THROUGH_THE_SERVER = 100;

const missing = peersFolder === undefined ? 'the real Prometheus is not installed (PEERS_DIR)' : false;

suite('the engine and Prometheus 2.42', {skip: missing}, () => {
  test(`${COUNT} random expressions, seed ${SEED}`, async (t) => {
    const tally = emptyTally();
    const command = path.join(peersFolder!, 'prometheus');
    for await (const verdict of verdicts({count: COUNT, seed: SEED, command})) countVerdict(tally, verdict);
    t.diagnostic(summary(tally));
    assert.deepEqual(tally.faults.map(describeFault), []);
    assert.ok(tally.errors + tally.empty < COUNT * 0.7, 'most questions mean nothing');
  });
});

test(`the server answers as the engine does, ${THROUGH_THE_SERVER} random expressions, seed ${SEED}`, async () => {
  const random = new Random(SEED);
  const data = randomData(random);
  const engine = new OwnEngine(data);
  const server = await ServerEngine.start(data, {flags: ['--enable-feature=promql-experimental-functions']});
  try {
    for (let i = 0; i < THROUGH_THE_SERVER; i++) {
      const question = randomQuestion(random);
      assert.equal((await server.ask(question)).text, engine.ask(question).text, question.text);
    }
  } finally {
    await server.destroy();
  }
});
