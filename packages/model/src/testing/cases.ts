import assert from 'node:assert/strict';
import {inspect} from 'node:util';

/** What a case wanted and what it got instead, as text. */
export interface CaseFailure {
  readonly expected: string;
  readonly got: string;
}

/** How one case of the conformance material went. */
export interface CaseResult {
  /** Names the case within its file. */
  readonly name: string;
  /** Undefined: it passed. */
  readonly failure: CaseFailure | undefined;
}

/** Runs the cases of one list; the argument is the content of its file. */
export type ListRunner = (list: unknown) => CaseResult[];

/** A string of the lists; bytes that are not valid UTF-8 come as base64. */
export type CaseText = string | {readonly base64: string};

/** The runner of a list whose cases are independent of each other: `check` throws, by an assertion, where a case fails. */
export function eachCase<T>(check: (testCase: T) => void, name: (testCase: T) => unknown = inputOf): ListRunner {
  return (list) =>
    (list as {cases: T[]}).cases.map((testCase, i) => runCase(`${i}: ${plain(name(testCase))}`, () => check(testCase)));
}

/** Runs a case; a failed assertion and any other error are its failure. */
export function runCase(name: string, check: () => void): CaseResult {
  try {
    check();
    return {name, failure: undefined};
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) {
      return {name, failure: {expected: 'no error', got: String(error)}};
    }
    // `equal`, `deepEqual`; others have their sides in the message at most.
    const isCompared = String(error.operator).endsWith('qual');
    return {
      name,
      failure: isCompared
        ? {expected: plain(error.expected), got: plain(error.actual)}
        : {expected: 'what the case says', got: error.message},
    };
  }
}

/** For a test: every case of a list passed, and there was one. */
export function assertAllPass(results: readonly CaseResult[]): void {
  assert.ok(results.length > 0, 'the list has no cases');
  assert.deepEqual(
    results.filter(({failure}) => failure !== undefined),
    [],
  );
}

function inputOf(testCase: unknown): unknown {
  const {name, input} = testCase as {name?: unknown; input?: unknown};
  return name ?? input ?? testCase;
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value.replaceAll('\n', '\\n');
  return inspect(value, {
    depth: 20,
    breakLength: Infinity,
    compact: true,
    maxArrayLength: 1000,
    maxStringLength: 10_000,
  });
}
