import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Greeting } from '../../app/telemetry/console/display.ts';
import { TerminalDisplay } from '../../app/telemetry/console/terminal-display.ts';
import { width } from '../../app/telemetry/console/text.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';

const picture = snapshot([modelSnapshot('m', 'cat')]);
const greeting: Greeting = {
  version: '1.2.3',
  device: 'board',
  region: { ...picture.region, capacity_bytes: 64 << 20 },
  sizing: 'as configured',
  pools: [{ name: 'runtime', bytes: 8 << 20 }],
  sources: [{ name: 'camera', kind: 'pattern', fps: 30, record: null }],
  models: [{ name: 'm', delegate: 'xnnpack', load_ms: 12.34 }],
  broker: null,
  topic: 'edgepool/board',
};

function terminal(level: 'debug' | 'info' | 'warn' = 'info') {
  const texts = { output: '', errors: '' };
  const display = new TerminalDisplay({
    level,
    colour: false,
    output: {
      columns: 80,
      write: (text: string | Uint8Array) => {
        texts.output += text;
        return true;
      },
    },
    errors: {
      write: (text: string | Uint8Array) => {
        texts.errors += text;
        return true;
      },
    },
  });
  return { display, texts };
}

test('the status line is written over itself, and other lines push it away', () => {
  const { display, texts } = terminal();
  display.status(picture);
  display.status(picture);
  display.info('news');
  const status = '30.0 fps  12/18 ms  99.7 %  m: cat 6.2/9.8  convert 1.0  38/64 MiB  mqtt on';
  const erase = '\r\u001b[2K';
  assert.equal(texts.output, `${erase}${status}${erase}${status}${erase}news\n`);
  display.status(picture);
  display.close();
  display.close();
  assert.ok(texts.output.endsWith(`${status}\n`));
});

test('warnings and errors go to standard error, the rest to standard output', () => {
  const { display, texts } = terminal();
  display.debug('fine', { a: 1 });
  display.info('information');
  display.warn('warning');
  display.error('error');
  assert.deepEqual(texts, { output: 'information\n', errors: 'warning\nerror\n' });
  const verbose = terminal('debug');
  verbose.display.debug('fine', { a: 1 });
  assert.equal(verbose.texts.output, 'fine a=1\n');
});

test('the greeting fits 80 columns and names region, models, source and broker', () => {
  const { display, texts } = terminal();
  display.greet(greeting);
  const lines = texts.output.split('\n');
  for (const line of lines) assert.ok(width(line) <= 80, line);
  assert.equal(lines[0], 'edgepool 1.2.3 on board');
  assert.equal(lines[1], 'region 64.0 MiB, locked in memory, as configured');
  assert.ok(lines.includes('m: ready in 12.3 ms, xnnpack'));
  assert.ok(lines.includes('frames: pattern at 30 fps'));
  assert.ok(lines.includes('mqtt: none'));
});

test('nothing that a name or message carries can move the cursor', () => {
  const { display, texts } = terminal();
  display.info('a\nb\u0007');
  assert.equal(texts.output, 'a b \n');
});
