import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from './bench.ts';
import { BENCH_FOLDER, BundledProgram } from './node-programs.ts';
import type { ParkAnswer, ParkTask } from './park-child.ts';
import type { BenchTable } from './result.ts';
import { rowOf } from './statistics.ts';
import { ValkeyServer } from './valkey-server.ts';

/** Places outside of the process, and what each is called in the tables. */
export const OUTSIDE = [
  { id: 'disk', title: 'from disk, sealed' },
  { id: 'neighbour', title: 'from a neighbour, sealed' },
] as const;

type PlaceId = (typeof OUTSIDE)[number]['id'];

/** By place; one that could not be measured is absent. */
export type OutsideTimes = Partial<Record<PlaceId, ParkAnswer>>;

const ROUNDS = { full: 5, tiny: 2 } as const;

/** Measures with real places: a folder of this disk, a server of this machine. */
export class OutsidePlaces {
  readonly #server: ValkeyServer | null;
  readonly #folder: string;
  readonly #program = new BundledProgram<ParkTask, ParkAnswer>('park-child');

  private constructor(server: ValkeyServer | null) {
    mkdirSync(BENCH_FOLDER, { recursive: true });
    this.#server = server;
    this.#folder = mkdtempSync(join(BENCH_FOLDER, 'parked-'));
  }

  static async open(): Promise<OutsidePlaces> {
    return new OutsidePlaces(await ValkeyServer.start());
  }

  async close(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What a reader must know of them. */
  get notes(): string[] {
    const notes = [
      'From disk: a folder beside this program, whose file is in the page cache when it is read; each parking waits until it is on the disk.',
      'Again: the model ran once on another input meanwhile, and what of it has not changed was not sealed and not written again.',
    ];
    return this.#server === null
      ? [...notes, 'NOT MEASURED, neighbour: install valkey-server or redis-server.']
      : [
          ...notes,
          'From a neighbour: a server of this machine, without TLS; a network adds the time of its wire.',
        ];
  }

  async take({ models, effort, tell }: BenchContext, file: string): Promise<OutsideTimes> {
    const { poolBytes } = await models.fit(file);
    const rounds = ROUNDS[effort];
    tell(`park: outside of the region, ${rounds} times each`);
    const run = async (where: Pick<ParkTask, 'folder' | 'url'>) => {
      const task = { file, poolBytes, rounds, ...where };
      const { answer } = await this.#program.run('park-child', task);
      return answer;
    };
    const disk = await run({ folder: this.#folder, url: null });
    if (this.#server === null) return { disk };
    return { disk, neighbour: await run({ folder: null, url: this.#server.url }) };
  }
}

type Figure = 'ms' | 'bytes';

/** What the parkings themselves have taken: of the whole model, and of what had changed. */
export function outsideTables(
  taken: readonly { name: string; outside: OutsideTimes }[],
): BenchTable[] {
  const contenders = OUTSIDE.flatMap(({ id }) => [
    { id: `${id}-whole`, title: `${id}, all of it` },
    { id: `${id}-again`, title: `${id}, again` },
  ]);
  const table = (id: string, title: string, unit: string, figure: Figure, per: number) => {
    const rows = taken.map(({ name, outside }) => {
      const samples = Object.entries(outside).flatMap(([place, answer]) => [
        [`${place}-whole`, answer[`whole_${figure}`].map((value) => value / per)] as const,
        [`${place}-again`, answer[`changed_${figure}`].map((value) => value / per)] as const,
      ]);
      return rowOf(name, Object.fromEntries(samples));
    });
    const there = contenders.filter(({ id: way }) => rows.some(({ cells }) => way in cells));
    const fixed = { better: 'less', cache: null } as const;
    return { id, title, unit, ...fixed, contenders: there, rows };
  };
  return [
    table('outside', 'Parking outside of the region', 'ms', 'ms', 1),
    table('given', 'Given to the place', 'MB', 'bytes', 1e6),
  ];
}
