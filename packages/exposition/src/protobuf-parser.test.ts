import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readConformance} from '@narthex/model/testing/conformance.ts';
import {type ProtobufCaseFile, runProtobufCases} from './testing/protobuf-cases.ts';

const cases = readConformance<ProtobufCaseFile>('exposition/protobuf.json');
test('protobuf.json', {skip: cases.skip}, async (t) => {
  for (const {name, expected, got, pass} of runProtobufCases(cases.read())) {
    await t.test(name, () => {
      assert.deepEqual(got, expected);
      assert.ok(pass);
    });
  }
});
