import '@tensorflow/tfjs-backend-cpu';
import { createRequire } from 'node:module';
import type { loadTFLiteModel } from '../../app/models/tfjs.ts';

/** The npm package that edgepool stands in for. It has no module form. */
const require = createRequire(import.meta.url);
const original = require('@tensorflow/tfjs-tflite-node') as {
  loadTFLiteModel: typeof loadTFLiteModel;
};

export const loadOriginal = original.loadTFLiteModel;
