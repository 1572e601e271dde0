import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conformanceBytes, conformanceCases, skip} from './conformance.test-data.ts';
import {assertSameFamilies, type JsonFamily} from './family.test-data.ts';
import {parseTextFamilies} from './text-families.ts';

interface ParseCase {
  input: string;
  families: JsonFamily[];
}

test('expfmt-text-parse.json', {skip}, () => {
  for (const {input, families} of conformanceCases<ParseCase>('expfmt-text-parse.json')) {
    assertSameFamilies(parseTextFamilies(Buffer.from(input)), families);
  }
});

interface ErrorCase {
  input: string | {base64: string};
  fail: boolean;
  errPrefix?: string;
  errPrefixLegacy?: string;
}

/** The start of the error, undefined when the input is accepted. */
function fault(body: Uint8Array, validation: 'utf8' | 'legacy', prefix: string): string | undefined {
  try {
    parseTextFamilies(body, validation);
  } catch (error) {
    assert.equal((error as Error).name, 'ParseError');
    return (error as Error).message.slice(0, prefix.length);
  }
  return undefined;
}

test('expfmt-text-parse-error.json', {skip}, async (t) => {
  for (const c of conformanceCases<ErrorCase>('expfmt-text-parse-error.json')) {
    await t.test(JSON.stringify(c.input), () => {
      const body = conformanceBytes(c.input);
      assert.equal(fault(body, 'utf8', c.errPrefix ?? ''), c.fail ? c.errPrefix : undefined);
      if (c.errPrefixLegacy !== undefined) assert.equal(fault(body, 'legacy', c.errPrefixLegacy), c.errPrefixLegacy);
    });
  }
});
