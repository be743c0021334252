import { NO_ARGUMENTS } from './arguments.ts';
import { define } from './command.ts';

export const status = define({
  name: 'status',
  summary: 'How the stream is doing: frames, latencies, sources, region, broker.',
  kind: 'read',
  words: [],
  schema: NO_ARGUMENTS,
  async run(_args, { read, device, version }) {
    const { models, distributions, ...rest } = read();
    return { device, version, pid: process.pid, models: models.map(({ name }) => name), ...rest };
  },
});

export const pools = define({
  name: 'pools',
  summary: 'The region and the pool of each model, in bytes and ratios.',
  kind: 'read',
  words: [],
  schema: NO_ARGUMENTS,
  async run(_args, { read }) {
    const { region, models } = read();
    return { region, pools: models.map(({ name, pool }) => ({ name, ...pool })) };
  },
});

export const models = define({
  name: 'models',
  summary: 'The models that run, with their turns, and those that could be loaded.',
  kind: 'read',
  words: [],
  schema: NO_ARGUMENTS,
  async run(_args, { read, folder }) {
    return {
      models: read().models.map(({ pool, ...model }) => model),
      folder: folder.path,
      available: await folder.models(),
    };
  },
});
