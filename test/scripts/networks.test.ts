import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count } from '../../scripts/models/count.ts';
import { type Graph, tensorOf } from '../../scripts/models/graph.ts';
import {
  mobilenetV2,
  mobilenetV3Large,
  mobilenetV3Small,
  resnet18,
} from '../../scripts/models/networks.ts';

interface Published {
  build: (name: string, seed: number) => Graph;
  /** With batch normalisation's scale and shift, as the reference models of torchvision have it. */
  parameters: number;
  /** Millions of multiply-accumulates, from the papers. */
  megamacs: number;
}

const PUBLISHED: Record<string, Published> = {
  MobileNetV2: { build: mobilenetV2, parameters: 3_504_872, megamacs: 300 },
  'MobileNetV3-Small': { build: mobilenetV3Small, parameters: 2_542_856, megamacs: 56 },
  'MobileNetV3-Large': { build: mobilenetV3Large, parameters: 5_483_032, megamacs: 219 },
  'ResNet-18': { build: resnet18, parameters: 11_689_512, megamacs: 1800 },
};

for (const [name, published] of Object.entries(PUBLISHED)) {
  const graph = published.build(name, 1);

  test(`${name} has exactly the published number of parameters`, () => {
    const { parameters, normalised } = count(graph);
    assert.equal(parameters + normalised, published.parameters);
  });

  test(`${name} does the published amount of work`, () => {
    const megamacs = count(graph).macs / 1e6;
    assert.ok(
      Math.abs(megamacs / published.megamacs - 1) < 0.02,
      `${megamacs} M, published ${published.megamacs} M`,
    );
  });

  test(`${name} takes a picture of 224 x 224 and tells 1000 classes apart`, () => {
    assert.deepEqual(tensorOf(graph, graph.input).shape, [1, 224, 224, 3]);
    assert.deepEqual(
      graph.outputs.map((index) => tensorOf(graph, index).shape),
      [[1, 1000]],
    );
  });
}
