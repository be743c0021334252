import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared', import.meta.url));
const made = fileURLToPath(new URL('../../build/models', import.meta.url));

/** A real model or picture that lies beside the checkout. */
export function shared(...path: string[]): string {
  return join(folder, ...path);
}

/**
 * A test of real models. Without the folder beside the checkout it fails where CI is true, and is
 * named as not run elsewhere.
 */
export function testWithShared(name: string, run: () => Promise<void> | void): void {
  testWithFolder(folder, 'lay the folder of models beside the checkout', name, run);
}

/** As `testWithShared`, with the models that set-up makes. */
export function testWithMade(name: string, run: () => Promise<void> | void): void {
  testWithFolder(made, "run 'make models'", name, run);
}

function testWithFolder(
  needed: string,
  remedy: string,
  name: string,
  run: () => Promise<void> | void,
): void {
  if (existsSync(needed)) {
    test(name, run);
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`${needed} is missing: ${remedy}`);
    });
  } else {
    console.log(`not run, there is no ${needed}: ${name}`);
  }
}

/** Files of the models that set-up makes. */
export function madeModels(): string[] {
  const files = existsSync(made) ? readdirSync(made) : [];
  return files.filter((file) => file.endsWith('.tflite')).map((file) => join(made, file));
}

export function modelName(file: string): string {
  return basename(file, '.tflite');
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
