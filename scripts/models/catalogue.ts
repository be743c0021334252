/** The models that the project makes for itself. */
import type { Graph } from './graph.ts';
import { mobilenetV2, mobilenetV3Large, mobilenetV3Small, resnet18, tinyNet } from './networks.ts';
import { ANCHOR } from './shapes/network.ts';

/** Raised whenever the maker writes other bytes than before for the same entry. */
export const MAKER_VERSION = 1;

export interface CatalogueEntry {
  name: string;
  network: (name: string, seed: number) => Graph;
  form: 'float32' | 'int8';
  /** Of the weights; both forms of a network share it, and so their weights. */
  seed: number;
}

export const CATALOGUE: readonly CatalogueEntry[] = [
  { name: 'mobilenet_v3_small', network: mobilenetV3Small, form: 'float32', seed: 3 },
  // XNNPACK of TensorFlow 2.9 has no int8 HARD_SWISH: a model that it can take only in parts.
  { name: 'mobilenet_v3_small_int8', network: mobilenetV3Small, form: 'int8', seed: 3 },
  { name: 'mobilenet_v3_large', network: mobilenetV3Large, form: 'float32', seed: 33 },
  { name: 'mobilenet_v2', network: mobilenetV2, form: 'float32', seed: 2 },
  { name: 'mobilenet_v2_int8', network: mobilenetV2, form: 'int8', seed: 2 },
  { name: 'resnet18', network: resnet18, form: 'float32', seed: 18 },
  { name: 'resnet18_int8', network: resnet18, form: 'int8', seed: 18 },
  { name: 'tiny', network: tinyNet, form: 'float32', seed: 1 },
  { name: 'tiny_int8', network: tinyNet, form: 'int8', seed: 1 },
];

export function fileName(entry: CatalogueEntry): string {
  return `${entry.name}.tflite`;
}

/** The detector of the pattern's shapes comes trained with the project: scripts/train-shapes.ts. */
export const TRAINED = {
  folder: new URL('./shapes/', import.meta.url),
  files: ['shapes.tflite', 'shapes.txt'],
} as const;

export interface JobModel {
  name: string;
  /** Beside the file that the job is written to, as the labels. */
  file: string;
  labels?: string;
  /** Runs on every n-th frame. */
  every: number;
  anchor_side?: number;
  overlap?: number;
}

/** What a run without arguments does: the detector, which says how right it is, and two models of
 *  very different weight, which two cores hold at 30 frames a second. */
export function defaultJob(): JobModel[] {
  return [
    {
      name: 'shapes',
      file: 'shapes.tflite',
      labels: 'shapes.txt',
      every: 1,
      anchor_side: ANCHOR,
      overlap: 0.1,
    },
    { name: 'mobilenet_v2_int8', file: 'mobilenet_v2_int8.tflite', every: 3 },
    { name: 'resnet18', file: 'resnet18.tflite', every: 15 },
  ];
}
