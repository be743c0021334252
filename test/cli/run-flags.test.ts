import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../app/cli/arguments.ts';
import { flagsLayer, RUN_OPTIONS } from '../../app/cli/run-flags.ts';
import { loadConfig } from '../../app/config/load.ts';

function load(...args: string[]) {
  const parsed = parseArguments(args, { valued: RUN_OPTIONS, plain: [], words: false });
  return loadConfig({ file: null, environment: {}, flags: flagsLayer(parsed) });
}

test('every option reaches its setting', () => {
  const config = load(
    '--fps=15',
    '--duration=2.5',
    '--broker=none',
    '--report=r.json',
    '--source=still:a:b.jpg,each=3',
  );
  assert.equal(config.fps, 15);
  assert.equal(config.duration_seconds, 2.5);
  assert.equal(config.mqtt.broker, 'none');
  assert.equal(config.mqtt.base, 'edgepool');
  assert.equal(config.report, 'r.json');
  const { kind, path, each_seconds } = config.source;
  assert.deepEqual([kind, path, each_seconds], ['still', 'a:b.jpg', 3]);
});

test('a model has its settings after its file', () => {
  const [model] = load(
    '--model=m.tflite,labels=l.txt,name=n,every=3,threads=2,deadline=12.5,priority=-1,' +
      'mean=1,2,3,std=4,fit=crop,task=detection,score=0.3,anchor=0.2',
  ).models;
  const given = {
    file: 'm.tflite',
    name: 'n',
    labels: 'l.txt',
    every: 3,
    fps: null,
    sources: null,
    threads: 2,
    deadline_ms: 12.5,
    priority: -1,
    mean: [1, 2, 3],
    std: [4],
    fit: 'crop',
    delegate: 'auto',
    task: 'detection',
    score: 0.3,
    anchor_side: 0.2,
  };
  assert.deepEqual({ ...model, ...given }, { ...model });
});

test('several models keep their order, and names their meaning', () => {
  const { models } = load('--model', 'x/a.tflite', '--model', 'y/a.tflite', '--model', 'b.tflite');
  assert.deepEqual(
    models.map(({ name }) => name),
    ['a', 'a-2', 'b'],
  );
});

test('a pipeline keeps its commas and equals signs', () => {
  const text = 'videotestsrc ! video/x-raw,width=320,height=240';
  const { source } = load(`--source=gst:${text}`);
  assert.deepEqual([source.kind, source.pipeline, source.width], ['gst', text, 1280]);
  const { sources } = load('--source=front=gst:a b=1,c', '--source=back=pattern');
  assert.equal(sources.front?.pipeline, 'a b=1,c');
});

test('what is wrong is wrong usage, named as it stands on the command line', () => {
  const cases: [string[], RegExp][] = [
    [['--fps=x'], /^--fps is "x"; it must be a number$/],
    [['--fps=0'], /^--fps is 0; it must be at least 0\.1$/],
    [['--broker=host'], /^--broker is "host"; it must be embedded, none or a URL/],
    [['--duration=-1'], /^--duration is -1; it must be more than 0$/],
    [
      ['--source=camera'],
      /^--source: kind is "camera"; it must be pattern, still, v4l2, y4m or gst$/,
    ],
    [
      ['--source=still'],
      /^--source still: use pattern, still:PATH, v4l2:DEVICE, y4m:FILE or gst:PIPELINE$/,
    ],
    [['--source=y4m:a,width=9'], /^--source y4m:a,width=9: width is not a setting; y4m takes/],
    [['--source=v4l2:a,width=x'], /^--source: width is "x"; it must be a whole number$/],
    [['--source=gst: '], /^--source gst: : name the pipeline's elements$/],
    [['--source=gst'], /^--source gst: use pattern/],
    [['--source=pattern:x'], /^--source pattern:x: use pattern/],
    [['--source=still:a,eech=1'], /eech is not a setting; still takes each, fps$/],
    [['--source=a=pattern', '--source=still:x'], /^--source still:x: has no name, and others have/],
    [['--source=a=pattern', '--source=a=pattern'], /^--source a=pattern: has a name that another/],
    [['--source=a=pattern,fps=0'], /^--source a: fps is 0; it must be at least 0\.1$/],
    [['--source=a=still'], /^--source a= still: use pattern/],
    [['--source=still:a,each=x'], /^--source: each is "x"; it must be a number$/],
    [['--model=a,every=0'], /^--model a: every is 0; it must be at least 1$/],
    [['--model=a,lables=b'], /^--model a: lables is not a setting; the nearest is labels$/],
    [['--model=a,word'], /"word" must be a setting such as name=value$/],
    [['--model=a,mean=1,2'], /^--model a: mean is \[1,2\]; it must have 1 or 3 values$/],
    [['--model=a,name=n', '--model=b,name=n'], /^--model b: name is "n" a second time/],
  ];
  for (const [args, message] of cases) {
    assert.throws(
      () => load(...args),
      (error: Error & { usage?: boolean }) => {
        assert.match(error.message, message);
        assert.ok(error.name === 'UsageError' || error.usage === true, error.message);
        return true;
      },
    );
  }
});

test('several sources have names, and a model is bound to some of them', () => {
  const { sources, models } = load(
    '--source=front=pattern,width=640,height=480,seed=3,fps=15',
    '--source=back=still:a=b.jpg,each=2',
    '--model=m.tflite,source=front',
    '--model=n.tflite,source=front,back,fps=5',
    '--model=o.tflite',
  );
  assert.deepEqual(Object.keys(sources), ['front', 'back']);
  const { kind, width, height, seed, fps } = sources.front ?? assert.fail('no front');
  assert.deepEqual([kind, width, height, seed, fps], ['pattern', 640, 480, 3, 15]);
  assert.deepEqual([sources.back?.path, sources.back?.fps], ['a=b.jpg', null]);
  assert.deepEqual(
    models.map((model) => [model.sources, model.fps]),
    [
      [['front'], null],
      [['front', 'back'], 5],
      [null, null],
    ],
  );
});
