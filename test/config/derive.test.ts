import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { deviceId, nameFromFile } from '../../app/config/derive.ts';
import { loadConfig } from '../../app/config/load.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const absent = join(scratch.path, 'absent');

function names(yaml: string): string[] {
  const file = scratch.write('models.yaml', yaml);
  return loadConfig({ file, environment: {}, flags: null }).models.map((model) => model.name);
}

test("the device is named after the last six digits of the board's serial number", () => {
  const serial = scratch.write('serial', '10000000A1B2C3\0');
  const machineId = scratch.write('machine-id', 'ffffffffffffffffffffffffffffffff\n');
  assert.equal(deviceId({ serial, machineId }), 'edgepool-a1b2c3');
});

test('without a serial number a hash of the machine id names it, no part of the id itself', () => {
  const machineId = scratch.write('machine-id', '0123456789abcdef0123456789abcdef\n');
  const other = scratch.write('other-id', '0123456789abcdef0123456789abcdee\n');
  const id = deviceId({ serial: absent, machineId });
  assert.match(id, /^edgepool-[0-9a-f]{6}$/);
  assert.equal(deviceId({ serial: absent, machineId }), id);
  assert.notEqual(deviceId({ serial: absent, machineId: other }), id);
  assert.ok(!'0123456789abcdef0123456789abcdef'.includes(id.slice(-6)));
});

test('a machine with neither still has a name', () => {
  assert.match(deviceId({ serial: absent, machineId: absent }), /^edgepool-[0-9a-f]{6}$/);
});

test('a model is named after its file, in characters that a topic can hold and 63 bytes', () => {
  assert.equal(nameFromFile('/a/b/mobilenet_v2.tflite'), 'mobilenet_v2');
  assert.equal(nameFromFile('a b+c#.tflite'), 'a_b_c_');
  assert.equal(nameFromFile('.tflite'), 'model');
  assert.equal(Buffer.byteLength(nameFromFile(`${'é'.repeat(60)}.tflite`)), 62);
});

test('two models of one file have two names, and a given name is kept', () => {
  assert.deepEqual(names('models: [{file: x/a.tflite}, {file: y/a.tflite}]'), ['a', 'a-2']);
  assert.deepEqual(names('models: [{file: a.tflite}, {file: b.tflite, name: a}]'), ['a-2', 'a']);
});

test('a name given twice is refused', () => {
  assert.throws(
    () => names('models:\n  - {file: a, name: n}\n  - {file: b, name: n}\n'),
    /models.yaml:3: models\[1\].name is "n" a second time; names are unique/,
  );
});
