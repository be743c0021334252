/**
 * Trains the detector of the pattern's shapes and writes it as int8, with its labels beside it:
 *
 *   make shapes        (esbuild bundles this file: tfjs' gradients are no modules that Node finds)
 *
 * The same seed gives the same file on the same version of Node.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calibrate } from './models/calibration.ts';
import { Int8Emitter } from './models/int8-emitter.ts';
import { Random } from './models/random.ts';
import { shapesNetwork } from './models/shapes/network.ts';
import { CLASSES, drawScene } from './models/shapes/scene.ts';
import { train } from './models/shapes/train.ts';

const SEED = 7;
const STEPS = Number(process.argv[3] ?? 2000);
const BATCH = 16;
const CALIBRATION_SCENES = 64;

const folder = process.argv[2];
if (folder === undefined || !(STEPS >= 1)) {
  process.stderr.write('train-shapes: name the folder to write to, then the steps if not 2000\n');
  process.exit(2);
}

const graph = shapesNetwork('shapes', SEED);
let smoothed = Number.NaN;
await train(graph, {
  steps: STEPS,
  batch: BATCH,
  seed: SEED,
  onStep: (step, loss) => {
    smoothed = Number.isNaN(smoothed) ? loss : smoothed * 0.95 + loss * 0.05;
    if (step % 20 === 0) process.stdout.write(`step ${step}: loss ${smoothed.toFixed(4)}\n`);
  },
});
const random = new Random(SEED + 1);
const scenes = Array.from({ length: CALIBRATION_SCENES }, () => drawScene(random).pixels);
const file = new Int8Emitter(graph, calibrate(graph, scenes)).file('shapes');
writeFileSync(join(folder, 'shapes.tflite'), file);
writeFileSync(join(folder, 'shapes.txt'), `${CLASSES.join('\n')}\n`);
process.stdout.write(`${join(folder, 'shapes.tflite')}: ${file.length} bytes\n`);
