import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Pool } from '../../app/memory/pool.ts';
import { nativeLibrary } from '../../app/native/library.ts';
import type { House } from './house.ts';
import { overwriteFree } from './parked.ts';
import type { Random } from './random.ts';
import { modelName } from './shared.ts';
import { type Setting, Wanderer } from './wanderer.ts';
import { WAYS, type Way, type Ways } from './ways.ts';

/** Models that are parked at the same time. */
const GROUP = 3;
/** So many rounds of one group, then of the next one. */
const STRETCH = 100;
const SPARE_BYTES = 8 * 2 ** 20;
const HOW = ['none', 'lz4', 'zstd'] as const;

export interface RoundsOptions {
  files: readonly string[];
  settings: readonly Setting[];
  /** Of every model with every setting. */
  rounds: number;
  /** It ends earlier where this time is over. */
  seconds: number;
  /** Remembers what is done already, as long as the native library is the same; null: nothing is. */
  progress: string | null;
  say(line: string): void;
}

type Counts = Record<Way, number>;

interface Progress {
  library: string;
  done: Record<string, Counts>;
}

interface Group {
  files: string[];
  setting: Setting;
}

const total = (counts: Counts | undefined): number =>
  counts === undefined ? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0);

const keyOf = (file: string, { delegate, threads }: Setting): string =>
  `${modelName(file)}, delegate ${delegate}, threads ${threads}`;

/**
 * Every model with every setting is parked and restored again and again, in random order through
 * every place, compressed or not, its memory written over meanwhile; it answers to the bit as it did
 * before, and its heap is sound before and after. Group after group, a few rounds each: what is done
 * when the time is over is spread over all of them.
 */
export class ParkRounds {
  readonly #house: House;
  readonly #ways: Ways;
  readonly #random: Random;
  readonly #options: RoundsOptions;
  readonly #progress: Progress;
  readonly #end: number;

  constructor(house: House, ways: Ways, random: Random, options: RoundsOptions) {
    this.#house = house;
    this.#ways = ways;
    this.#random = random;
    this.#options = options;
    this.#progress = read(options.progress);
    this.#end = performance.now() + options.seconds * 1000;
  }

  async run(): Promise<void> {
    const groups = this.#groups();
    for (let wanted = STRETCH; ; wanted += STRETCH) {
      const until = Math.min(wanted, this.#options.rounds);
      for (const group of groups) {
        if (performance.now() > this.#end) return;
        await this.#stretch(group, until);
      }
      if (until === this.#options.rounds) return;
    }
  }

  /** What every model with every setting has done at least. */
  get least(): number {
    return Math.min(...this.#counts.map(total));
  }

  /** In one line, those of earlier runs included. */
  summary(): string {
    const ways = WAYS.map((way) => {
      const sum = this.#counts.reduce((before, counts) => before + (counts?.[way] ?? 0), 0);
      return `${way} ${sum}`;
    });
    const { rounds } = this.#options;
    return (
      `${this.#counts.length} models and settings, each at least ${this.least} of ${rounds} ` +
      `rounds; by place: ${ways.join(', ')}; all answers to the bit, all heaps sound`
    );
  }

  get #counts(): (Counts | undefined)[] {
    const { files, settings } = this.#options;
    const { done } = this.#progress;
    return settings.flatMap((setting) => files.map((file) => done[keyOf(file, setting)]));
  }

  #groups(): Group[] {
    const bySize = [...this.#options.files].sort((a, b) => statSync(a).size - statSync(b).size);
    const groups: Group[] = [];
    for (let first = 0; first < bySize.length; first += GROUP) {
      const files = bySize.slice(first, first + GROUP);
      for (const setting of this.#options.settings) groups.push({ files, setting });
    }
    return groups;
  }

  async #stretch({ files, setting }: Group, until: number): Promise<void> {
    const { done } = this.#progress;
    const counts = () => files.map((file) => total(done[keyOf(file, setting)]));
    if (Math.min(...counts()) >= until) return;
    const wanderers: Wanderer[] = [];
    for (const file of files) wanderers.push(await Wanderer.load(this.#house, file, setting));
    const rest = await this.#holdRest(wanderers);
    const begin = performance.now();
    while (Math.min(...counts()) < until && performance.now() <= this.#end) {
      const ways = await this.#round(wanderers);
      wanderers.forEach(({ model }, index) => {
        const key = keyOf(files[index] ?? '', setting);
        const way = ways.get(model.name) ?? 'memory';
        const known = done[key] ?? { memory: 0, packed: 0, disk: 0, neighbour: 0 };
        done[key] = { ...known, [way]: known[way] + 1 };
      });
    }
    await rest.stop();
    for (const wanderer of wanderers) {
      this.#ways.forget(wanderer.model);
      await wanderer.unload();
    }
    this.#save();
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const each = files.map((file) => keyOf(file, setting)).join('; ');
    this.#options.say(`${counts().join(', ')} rounds (${seconds} s): ${each}`);
  }

  /** What no model can get is not written over in each round: only as much stays free as the largest
   *  model needs while it is copied. */
  async #holdRest(wanderers: readonly Wanderer[]): Promise<Pool> {
    const mapped = wanderers.map(({ model }) => model.pool.stats().mapped_bytes);
    const { region } = this.#house;
    const bytes = region.stats().unassigned_bytes - Math.max(...mapped) - SPARE_BYTES;
    const rest = new Pool(region, { name: 'rest', quotaBytes: bytes, plannedBytes: bytes });
    await rest.start();
    return rest;
  }

  /** Which way each model has gone. */
  async #round(wanderers: readonly Wanderer[]): Promise<Map<string, Way>> {
    const gone = new Map<string, Way>();
    for (const { model } of this.#shuffled(wanderers)) {
      const way = WAYS[this.#random.integer(0, WAYS.length - 1)] ?? 'memory';
      model.pool.check();
      this.#house.region.compress(HOW[this.#random.integer(0, HOW.length - 1)] ?? 'none');
      await this.#ways.park(model, way);
      gone.set(model.name, way);
    }
    await overwriteFree(this.#house);
    for (const wanderer of this.#shuffled(wanderers)) {
      const way = gone.get(wanderer.model.name) ?? 'memory';
      await this.#ways.restore(wanderer.model, way);
      wanderer.prove(`came back from ${way}`);
    }
    assert.equal(this.#ways.faults, 0, 'models that were lost or could not be moved');
    return gone;
  }

  #shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((each) => ({ each, at: this.#random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ each }) => each);
  }

  #save(): void {
    const { progress } = this.#options;
    if (progress !== null) writeFileSync(progress, `${JSON.stringify(this.#progress, null, 1)}\n`);
  }
}

function read(file: string | null): Progress {
  const library = createHash('sha256').update(readFileSync(nativeLibrary())).digest('hex');
  if (file !== null && existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as Progress;
    if (known.library === library) return known;
  }
  return { library, done: {} };
}
