import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared', import.meta.url));

/** A real model or picture that lies beside the checkout. */
export function shared(...path: string[]): string {
  return join(folder, ...path);
}

/**
 * A test of real models. Without the folder beside the checkout it fails where CI is true, and is
 * named as not run elsewhere.
 */
export function testWithShared(name: string, run: () => Promise<void> | void): void {
  if (existsSync(folder)) {
    test(name, run);
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`${folder} is missing: lay the folder of models beside the checkout`);
    });
  } else {
    console.log(`not run, there is no ${folder}: ${name}`);
  }
}

/** Every model of the folder. */
export const MODELS = [
  'dtln_noise_suppression',
  'mobilenet_v1_0.25_128_quant',
  'mobilenet_v2_1.0_224_quant',
  'resnet_cifar_float',
  'tf2_mobilenet_v2_1.0_224_ptq',
  'vww_96_float',
  'vww_96_int8',
] as const;

export function modelFile(name: (typeof MODELS)[number]): string {
  return shared('models', `${name}.tflite`);
}
