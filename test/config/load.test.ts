import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Layer, Tree } from '../../app/config/layer.ts';
import { loadConfig, loadOrLeaveOut } from '../../app/config/load.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

function flags(values: Tree): Layer {
  return { values, usage: true, subject: (path) => `--${path.join('.')}` };
}

function load(yaml: string, environment: NodeJS.ProcessEnv = {}, flagValues: Tree = {}) {
  const file = scratch.write('edgepool.yaml', yaml);
  return loadConfig({ file, environment, flags: flags(flagValues) });
}

function refusal(yaml: string, environment: NodeJS.ProcessEnv = {}): string {
  try {
    load(yaml, environment);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message.replace(`${scratch.path}/`, '');
  }
  return assert.fail(`accepted: ${yaml}`);
}

test('flags win over the environment, that over the file, that over the defaults', () => {
  const yaml = 'fps: 10\nsource:\n  width: 640\n  height: 360\n  seed: 5\n';
  const environment = { EDGEPOOL_FPS: '20', EDGEPOOL_SOURCE_WIDTH: '800' };
  const config = load(yaml, environment, { fps: 25 });
  assert.equal(config.fps, 25);
  assert.equal(config.source.width, 800);
  assert.equal(config.source.height, 360);
  assert.equal(config.source.seed, 5);
  assert.equal(config.source.kind, 'pattern');
});

test('the models of a higher place replace those of a lower one as a whole', () => {
  const yaml = 'models:\n  - {file: a.tflite, every: 4}\n  - {file: b.tflite}\n';
  const config = load(yaml, {}, { models: [{ file: 'c.tflite' }] });
  assert.deepEqual(
    config.models.map(({ file, every }) => ({ file, every })),
    [{ file: 'c.tflite', every: 1 }],
  );
});

test('the variable EDGEPOOL_CONFIG names the file, and a named file wins over it', () => {
  const one = scratch.write('one.yaml', 'fps: 1');
  const two = scratch.write('two.yaml', 'fps: 2');
  const environment = { EDGEPOOL_CONFIG: one };
  assert.equal(loadConfig({ file: null, environment, flags: null }).fps, 1);
  assert.equal(loadConfig({ file: two, environment, flags: null }).fps, 2);
});

test('the last of several files is left out when it is refused, where those before it say so', () => {
  const system = (refused_settings: string) =>
    scratch.write('system.yaml', `fps: 5\nrecovery: { refused_settings: ${refused_settings} }`);
  const load = (own: string, policy = 'leave_out', values: Tree = {}) => {
    const file = [system(policy), scratch.write('own.yaml', own)];
    return loadOrLeaveOut({ file, environment: {}, flags: flags(values) });
  };
  const sound = load('fps: 7');
  assert.deepEqual([sound.config.fps, sound.refused], [7, null]);
  for (const damaged of ['fps: many', 'fps: 7\n\0\0\0', '{', 'recovery: { refused_settings: 1 }']) {
    const { config, refused } = load(damaged);
    assert.equal(config.fps, 5);
    assert.match(refused ?? '', /own\.yaml/);
    assert.throws(() => load(damaged, 'stop'), /own\.yaml/);
  }
  assert.throws(() => load('fps: 7', 'leave_out', { fps: 'many' }), /fps/);
});

test('a JSON file, indented with tabs, is read like YAML', () => {
  const file = scratch.write('edgepool.json', '{\n\t"fps": 12,\n\t"mqtt": {"broker": "none"}\n}\n');
  const config = loadConfig({ file, environment: {}, flags: null });
  assert.equal(config.fps, 12);
  assert.equal(config.mqtt.broker, 'none');
});

test("relative paths in a file start from the file's folder, those in flags stay", () => {
  const yaml = 'report: out/report.json\nmodels:\n  - {file: a.tflite, labels: /etc/labels.txt}\n';
  const config = load(yaml);
  assert.equal(config.report, join(scratch.path, 'out/report.json'));
  assert.equal(config.models[0]?.file, join(scratch.path, 'a.tflite'));
  assert.equal(config.models[0]?.labels, '/etc/labels.txt');
  assert.equal(load(yaml, {}, { report: 'r.json' }).report, 'r.json');
});

test('an unknown key is refused with file, line, path and the nearest valid one', () => {
  assert.equal(
    refusal('fps: 30\nregion:\n  lock: off\n  capasity_mb: 64\n'),
    'edgepool.yaml:4: region.capasity_mb is not a setting; the nearest is region.capacity_mb',
  );
  assert.equal(
    refusal('models:\n  - file: a.tflite\n    lables: l.txt\n'),
    'edgepool.yaml:3: models[0].lables is not a setting; the nearest is models[0].labels',
  );
  assert.equal(
    refusal('brokr: none\n'),
    'edgepool.yaml:1: brokr is not a setting; the nearest is mqtt.broker',
  );
});

test('an unknown key is named before a missing one beside it', () => {
  assert.match(refusal('models:\n  - fiel: a.tflite\n'), /models\[0\]\.fiel is not a setting/);
});

test('a key named __proto__ is refused like any other', () => {
  assert.match(refusal('__proto__:\n  fps: 1\n'), /__proto__ is not a setting/);
});

test('a wrong value is refused with its line, the value and what it must be', () => {
  const cases: [string, RegExp][] = [
    ['fps: fast\n', /^edgepool.yaml:1: fps is "fast"; it must be a number$/],
    ['fps: 0\n', /:1: fps is 0; it must be at least 0\.1$/],
    [
      'region:\n  lock: maybe\n',
      /:2: region.lock is "maybe"; it must be off, preferred or required$/,
    ],
    ['mqtt: 3\n', /:1: mqtt is 3; it must be a section with settings of its own$/],
    [
      'mqtt:\n  broker: localhost\n',
      /:2: mqtt.broker is "localhost"; it must be embedded, none or/,
    ],
    ['mqtt:\n  broker: mqtt://h:99999\n', /mqtt.broker is "mqtt:\/\/h:99999"; it must be/],
    ['version: 2\n', /:1: version is 2; it must be 1$/],
    ['device: a/b\n', /:1: device is "a\/b"; it must be 1 to 63 characters/],
    ['models:\n  - every: 2\n', /:2: models\[0\].file is missing$/],
    ['models:\n  - {file: a, mean: [1, 2]}\n', /mean is \[1,2\]; it must have 1 or 3 values$/],
    ['models:\n  - {file: a, std: [0]}\n', /models\[0\].std\[0\] is 0; it must be another number$/],
    ['fps: 1\nfps: 2\n', /^edgepool.yaml:2: a key of this section is there a second time/],
    ['- 1\n', /^edgepool.yaml:1: must hold settings/],
  ];
  for (const [yaml, message] of cases) assert.match(refusal(yaml), message);
});

test('every refusal is one line', () => {
  for (const yaml of ['fps: [\n', 'fps: "a\nb"\n', 'a: b: c\n', '? {a\n', '\t- x\n']) {
    assert.ok(!refusal(yaml).includes('\n'), yaml);
  }
});

test('a file that is not there is named', () => {
  const file = join(scratch.path, 'absent.yaml');
  assert.throws(() => loadConfig({ file, environment: {}, flags: null }), {
    message: `${file}: cannot be read (ENOENT); give a YAML or JSON file`,
  });
});

test('an empty file and an empty section are no settings', () => {
  assert.equal(load('').fps, 30);
  assert.equal(load('mqtt:\nregion:\n').mqtt.broker, 'embedded');
});

test('a variable that names no setting, or has a wrong value, is refused by its name', () => {
  assert.equal(
    refusal('', { EDGEPOOL_MQTT_BROKR: 'none' }),
    'EDGEPOOL_MQTT_BROKR in the environment is not a setting; the nearest is EDGEPOOL_MQTT_BROKER',
  );
  assert.equal(
    refusal('fps: 3', { EDGEPOOL_FPS: 'x' }),
    'EDGEPOOL_FPS in the environment is "x"; it must be a number',
  );
});

test('a variable that names a library or sizes the drop-in class is no setting, and no fault', () => {
  const environment = {
    EDGEPOOL_LIBRARY: 'a.so',
    EDGEPOOL_TFLITE: 'b.so',
    EDGEPOOL_REGION_MB: '64',
  };
  assert.equal(load('', environment).runtime.library, null);
});

test('true and false in a variable are so where the setting is one of them', () => {
  const pools = (text: string) =>
    loadConfig({ file: null, environment: { EDGEPOOL_RUNTIME_POOLS: text }, flags: null }).runtime
      .pools;
  assert.deepEqual([pools('true'), pools('false')], [true, false]);
  assert.throws(() => pools('no'), /EDGEPOOL_RUNTIME_POOLS in the environment is "no"/);
});

test('the text null in a variable is null only where the setting may be null', () => {
  const environment = { EDGEPOOL_DURATION_SECONDS: 'null', EDGEPOOL_DEVICE: 'null' };
  const config = load('duration_seconds: 3', environment);
  assert.equal(config.duration_seconds, null);
  assert.equal(config.device, 'null');
});

test('wrong usage of flags is told apart from a wrong file', () => {
  assert.throws(() => load('', {}, { fps: 0 }), { usage: true });
  assert.throws(() => load('fps: 0'), { usage: false });
});

test('the defaults are not shared between two configurations', () => {
  load('').models.push(...load('models: [{file: a.tflite}]').models);
  assert.deepEqual(load('').models, []);
});

test('of several files a later one wins, setting by setting', () => {
  const below = scratch.write('below.yaml', 'fps: 10\nmqtt: {broker: none, base: house}\n');
  const above = scratch.write('above.yaml', 'mqtt: {broker: "mqtt://a"}\n');
  const { fps, mqtt } = loadConfig({ file: [below, above], environment: {}, flags: null });
  assert.deepEqual([fps, mqtt.broker, mqtt.base], [10, 'mqtt://a', 'house']);
});
