import type { Command } from './command.ts';
import { analyze, load, set, switchModel, unload } from './model-commands.ts';
import { park, places, restore } from './parking-commands.ts';
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
  park,
  restore,
  places,
  resolution,
  restartSource,
  snapshot,
  analyze,
];
