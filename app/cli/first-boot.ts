import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Disk } from '../first-boot/disk.ts';
import { FirstBoot } from '../first-boot/first-boot.ts';
import { type Places, placesBelow } from '../first-boot/places.ts';
import { parseArguments } from './arguments.ts';

/** Each names another place than the one below the root. */
const PLACES = ['boot', 'data', 'run', 'shipped', 'zones'] as const;
const TRIAL_MS = 90_000;

/** Loads a model in a program of its own, as the user that will run it: a file is not trusted. */
function judge(file: string): string | null {
  const { uid, gid } = statSync(dirname(file));
  const drop = process.getuid?.() === uid ? {} : { uid, gid };
  const words = [...process.execArgv, process.argv[1] ?? '', 'verify', file];
  const options = { encoding: 'utf8', timeout: TRIAL_MS, ...drop } as const;
  const { status, stdout, stderr, error } = spawnSync(process.execPath, words, options);
  if (status === 0) return null;
  const said = (stdout || stderr || error?.message || 'the trial load ended').trim().split('\n')[0];
  const what = (said ?? '').replace(/^(refused +|edgepool: )/, '');
  return what.replace(`model '${file}': `, '').replace(`${file}: `, '');
}

function placesOf(values: Map<string, string[]>): Places {
  const others = PLACES.flatMap((place) => {
    const given = values.get(`--${place}`)?.at(-1);
    return given === undefined ? [] : [[place, given]];
  });
  return placesBelow(values.get('--root')?.at(-1) ?? '/', Object.fromEntries(others));
}

/** Takes settings, passwords and models from a board's boot partition. */
export async function firstBoot(args: readonly string[]): Promise<number> {
  const valued = ['--root', ...PLACES.map((place) => `--${place}`)];
  const { values } = parseArguments(args, { valued, plain: [], words: false });
  const places = placesOf(values);
  const { faults, notices } = new FirstBoot({ places, disk: new Disk(), judge }).run();
  for (const notice of notices) process.stdout.write(`${notice}\n`);
  for (const fault of faults) process.stderr.write(`edgepool: ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}
