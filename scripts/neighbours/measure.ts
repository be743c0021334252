/**
 * Measures a model's way back from a neighbour: three machines in network namespaces of their own,
 * links of 1 Gbit/s (tc's tbf), and 0.3 ms each way by a relay before each server. For a quiet machine.
 *   measure.ts [MODEL...]    ROUNDS=N
 */
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../../app/bench/statistics.ts';
import { addressOf, Network } from '../../test/support/network.ts';
import { ROOT } from '../../test/support/root.ts';
import { until } from '../../test/support/until.ts';
import type { Measured } from './node.ts';

const RELAY = `${ROOT}build/native/delay_relay`;
const DEFAULTS = ['resnet18', 'mobilenet_v3_large'].map((n) => `${ROOT}build/models/${n}.tflite`);
const BITS_PER_SECOND = 1e9;
const DELAY_US = 300;
const RELAY_PORT = 6380;
const NEIGHBOURS = [1, 2];
const MOST_OVER_WIRE = 1.3;

/** A server behind a relay. */
async function neighbour(network: Network, number: number): Promise<string> {
  const { port } = new URL(await network.serve(number));
  const words = [addressOf(number), `${RELAY_PORT}`, port, `${DELAY_US}`];
  const relay = network.spawn(number, RELAY, ...words);
  let ready = false;
  relay.stdout?.once('data', () => {
    ready = true;
  });
  await until('the relay is ready', () => ready);
  return `redis://${addressOf(number)}:${RELAY_PORT}`;
}

async function measure(network: Network, file: string, urls: readonly string[]): Promise<Measured> {
  const program = fileURLToPath(new URL('node.ts', import.meta.url));
  const words = ['--import', 'tsx', program, file, process.env.ROUNDS ?? '10', ...urls];
  const node = network.spawn(0, process.execPath, ...words);
  let said = '';
  node.stdout?.on('data', (text) => {
    said += text;
  });
  const [status] = await once(node, 'close');
  if (status !== 0) throw new Error(`${file}: measuring ended with ${status}`);
  return JSON.parse(said);
}

const row = (what: string, ms: number) =>
  console.log(`  ${what.padEnd(38)}${ms.toFixed(1).padStart(9)} ms`);

/** Says whether a ratio is reached. */
function judge(what: string, ratio: number, bound: string, reached: boolean): boolean {
  const verdict = reached ? 'reached' : 'NOT reached';
  console.log(`  ${what.padEnd(38)}${ratio.toFixed(3).padStart(9)}      ${bound}: ${verdict}`);
  return reached;
}

/** True: both ratios are reached. */
function tell(file: string, measured: Measured): boolean {
  const { packed_bytes, file_bytes, unseal_ms, neighbour_ms, card_ms } = measured;
  const wire = (packed_bytes * 8 * 1000) / BITS_PER_SECOND;
  const [unseal, back, card] = [median(unseal_ms), median(neighbour_ms), median(card_ms)];
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  const times = `median of ${neighbour_ms.length}`;
  console.log(`${basename(file)}: ${mb(packed_bytes)} MB packed, ${times}`);
  row("the wire's time for its bytes", wire);
  row('unsealing them', unseal);
  row('back from a neighbour', back);
  row(`file (${mb(file_bytes)} MB) at 43 MB/s, then a load`, card);
  const overWire = back / (wire + unseal);
  const bound = `at most ${MOST_OVER_WIRE}`;
  const near = judge('over wire and unsealing', overWire, bound, overWire <= MOST_OVER_WIRE);
  return judge('over file and load', back / card, 'below 1', back < card) && near;
}

const network = await Network.start(1 + NEIGHBOURS.length, { rate: '1gbit' });
try {
  const urls: string[] = [];
  for (const number of NEIGHBOURS) urls.push(await neighbour(network, number));
  const files = process.argv.slice(2);
  for (const file of files.length > 0 ? files : DEFAULTS) {
    if (!tell(file, await measure(network, file, urls))) process.exitCode = 1;
  }
} finally {
  network.stop();
}
