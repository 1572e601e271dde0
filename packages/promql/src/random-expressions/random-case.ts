import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {PrepareOptions} from '../engine/engine.ts';
import {NaiveEngine, type NaiveEngineOptions} from '../naive/naive-engine.ts';
import {UndefinedUpstream} from '../naive/values.ts';
import {SCRIPT_PARSER_OPTIONS} from '../promqltest/judge.ts';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import type {Answer, FailedAnswer, ScriptEngine} from '../promqltest/script-engine.ts';
import {differenceOf} from './compare-answers.ts';
import {type Expression, ExpressionGenerator, textOf} from './random-expression.ts';
import {randomScript, storageOf} from './random-storage.ts';
import {Random} from './random.ts';

/** Times of a query: `stepMs` is 0 for an instant query. */
export interface CaseTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A random query over a random storage. */
export interface RandomCase {
  readonly seed: number;
  /** The storage, as a test script. */
  readonly script: string;
  readonly expression: Expression;
  readonly times: CaseTimes;
  /** With the features that are off by default: delayed name removal, type and unit labels, start timestamps. */
  readonly hasFeatures: boolean;
}

/** This many cases in a row share a storage. */
const CASES_PER_STORAGE = 20;
const SAMPLES_MAX = 50_000_000;

/** The case of a seed: the same for ever. */
export function caseOf(seed: number): RandomCase {
  const storageSeed = Math.floor(seed / CASES_PER_STORAGE);
  const forStorage = new Random(storageSeed + 0x5eed);
  const script = randomScript(forStorage, forStorage.chance(0.06));
  const random = new Random(Math.imul(seed + 1, 0x9e3779b1));
  const times = randomTimes(random);
  const expression = new ExpressionGenerator(random).query(times.stepMs > 0);
  return {seed, script, expression, times, hasFeatures: storageSeed % 2 === 1};
}

function randomTimes(random: Random): CaseTimes {
  const startMs = random.between(8, 25) * 15_000 + random.pick([0, 0, 0, 1, 7_000]);
  if (random.chance(0.4)) return {startMs, endMs: startMs, stepMs: 0};
  const stepMs = random.pick([15_000, 30_000, 40_000, 70_000, 7_000]);
  return {startMs, endMs: startMs + random.between(0, 7) * stepMs + random.pick([0, 0, 3_000]), stepMs};
}

function optionsOf({hasFeatures}: RandomCase): PrepareOptions & NaiveEngineOptions {
  return {
    ...SCRIPT_PARSER_OPTIONS,
    lookbackMs: 300_000,
    subqueryStepMs: 60_000,
    delayedNameRemoval: hasFeatures,
    typeAndUnitLabels: hasFeatures,
    useStartTimestamps: hasFeatures,
  };
}

export interface CaseDifference {
  readonly found: string;
  readonly wanted: string;
}

interface Engines {
  readonly script: string;
  readonly naive: NaiveEngine;
  /** The naive evaluator with another order of rows where upstream has none. */
  readonly reversed: NaiveEngine;
  readonly narthex: NarthexEngine;
}

let last: Engines | undefined;
/** One for all: thousands of them are more than there are addresses. */
const memory = new KernelMemory({maximumBytes: 256 * 1024 * 1024});

/** Neighbouring cases have the same storage. */
function enginesFor(one: RandomCase): Engines {
  const {script} = one;
  if (last?.script === script) return last;
  const storage = storageOf(script);
  const options = optionsOf(one);
  last = {
    script,
    naive: new NaiveEngine(storage, options),
    reversed: new NaiveEngine(storage, {...options, reversesUnordered: true}),
    narthex: new NarthexEngine(storage, SAMPLES_MAX, options, memory),
  };
  return last;
}

/**
 * Where the engine differs from the naive evaluator; undefined: nowhere, or upstream has no one answer. It has none where the answer depends on the order that
 * a hash map gives to rows; the order of rows within the answer may do so.
 */
export function differenceAt(one: RandomCase): CaseDifference | undefined {
  const {naive, reversed, narthex} = enginesFor(one);
  try {
    const wanted = ask(naive, one);
    const found = engineAnswer(narthex, one);
    const difference = differenceOf(found, wanted, true);
    if (difference === undefined) return undefined;
    const other = ask(reversed, one);
    if (differenceOf(wanted, other, true) === undefined) return difference;
    return differenceOf(wanted, other, false) === undefined ? differenceOf(found, wanted, false) : undefined;
  } catch (error) {
    if (error instanceof UndefinedUpstream) return undefined;
    throw error;
  }
}

function engineAnswer(engine: NarthexEngine, one: RandomCase): Answer | FailedAnswer {
  try {
    return ask(engine, one);
  } catch (error) {
    return {error: `the engine failed: ${(error as Error).message}`};
  }
}

function ask(engine: ScriptEngine, {expression, times: {startMs, endMs, stepMs}}: RandomCase): Answer | FailedAnswer {
  const text = textOf(expression);
  return stepMs === 0 ? engine.instant(text, startMs) : engine.range(text, startMs, endMs, stepMs);
}

/** The case as a test script with a comment on its settings. */
export function scriptOf({seed, script, expression, times, hasFeatures}: RandomCase): string {
  const seconds = (ms: number) => `${ms}ms`;
  const at =
    times.stepMs === 0
      ? `instant at ${seconds(times.startMs)}`
      : `range from ${seconds(times.startMs)} to ${seconds(times.endMs)} step ${seconds(times.stepMs)}`;
  const mode = hasFeatures ? 'delayed name removal, type and unit labels, start timestamps' : 'default flags';
  return `# seed ${seed}; ${mode}\n${script}\neval ${at} ${textOf(expression)}\n`;
}
