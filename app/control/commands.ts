import type { Command } from './command.ts';
import { analyze, load, set, switchModel, unload } from './model-commands.ts';
import { models, pools, status } from './read-commands.ts';
import { resolution, restartSource, snapshot } from './source-commands.ts';

/** Every command, as it is listed to people. */
export const COMMANDS: readonly Command[] = [
  status,
  pools,
  models,
  load,
  unload,
  switchModel,
  set,
  resolution,
  restartSource,
  snapshot,
  analyze,
];
