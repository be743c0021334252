import type { Config, ModelConfig } from '../config/config.ts';
import { stateFolder } from '../config/state-folder.ts';
import type { Region } from '../memory/region.ts';
import type { Runtime } from '../models/runtime.ts';
import type { LendingEvent } from '../parking/lender.ts';
import type { NeighbourEvent } from '../parking/neighbours.ts';
import type { ParkedModel, PlaceEvent, PlaceFigures, PlaceName } from '../parking/place.ts';
import type { Places } from '../parking/places.ts';
import type { RotationEvent } from '../parking/rotation.ts';
import type { LaneOptions } from '../pipeline/lane.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { findNamed } from '../pipeline/unknown-name.ts';
import type { Offer } from '../stats/offer.ts';
import type { LendingSnapshot, ScheduleSnapshot, Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import type { Refused } from './choose-models.ts';
import { Lending } from './lending.ts';
import { makePlaces } from './make-places.ts';
import type { Part } from './part.ts';
import { type PlannedModel, planModel } from './plan.ts';
import { PooledModel } from './pooled-model.ts';
import { TakingTurns } from './taking-turns.ts';

export interface ModelSetOptions {
  region: Region;
  runtime: Runtime;
  config: Config;
  planned: readonly PlannedModel[];
  log: Log;
  /** Where the program keeps what it writes. */
  stateFolder?: string;
  /** Hears what the start does next. */
  onStep?: (what: string) => void;
}

export type ParkingEvent = PlaceEvent | NeighbourEvent | RotationEvent | LendingEvent;

/**
 * The models that run: those of the plan from the start, and what is loaded, unloaded and replaced
 * while frames flow. One change at a time, in the order in which they were asked for; the other
 * models miss no frame by it. A change that fails leaves everything as it was.
 */
export class ModelSet implements Part {
  /** Planned models that could not be loaded and were left out. */
  readonly refused: Refused[] = [];
  /** Something happened to models that are parked, or take turns. */
  onParkingEvent: (event: ParkingEvent) => void = () => undefined;
  /** The boards that lend, as far as they are known. Set before the start. */
  offers: () => Promise<readonly Offer[]> = async () => [];
  /** Starts before the region does. */
  readonly lending: Lending;
  readonly #options: ModelSetOptions;
  readonly #models: PooledModel[];
  readonly #leaving = new AbortController();
  readonly #places: Places;
  readonly #taking: TakingTurns;
  /** Those that a command has parked. */
  readonly #parked = new Set<PooledModel>();
  /** The turns of parked models, as they were last. */
  readonly #schedules = new Map<PooledModel, ScheduleSnapshot>();
  #pipeline: Pipeline | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ModelSetOptions) {
    this.#options = options;
    this.#places = makePlaces({
      parking: options.config.parking,
      stateFolder: options.stateFolder ?? stateFolder(process.env),
      reload: (model) => this.#find(model.name).reload(),
      tell: (event) => {
        options.log.warn(`model ${event.model}, place ${event.place}: ${event.message}`);
        this.onParkingEvent(event);
      },
      finder: {
        offers: () => this.offers(),
        tell: (event) => {
          options.log.info(event.message);
          this.onParkingEvent(event);
        },
      },
    });
    this.lending = new Lending({
      ...options,
      awayBytes: () => this.#taking.awayBytes,
      tell: (event) => this.onParkingEvent(event),
    });
    this.#taking = new TakingTurns({
      region: options.region,
      place: this.#places.outside,
      lender: this.lending.lender,
      models: () => this.#models.filter((model) => model.pool.started && !this.#parked.has(model)),
      tell: (event) => {
        options.log.warn(event.message);
        this.onParkingEvent(event);
      },
    });
    this.#models = options.planned.map((planned) => this.#make(planned));
  }

  /** In the order in which they came. */
  get all(): readonly PooledModel[] {
    return this.#models;
  }

  /** The way of each through the frames. */
  get lanes(): readonly LaneOptions[] {
    return this.#models.map((model) => model.lane);
  }

  /** Loads what was planned. Where `recovery.refused_models` says so, a model that cannot be loaded
   *  is left out, as long as another one can. */
  async start(): Promise<void> {
    await this.#places.start();
    await this.#taking.still(() => this.#loadAll());
  }

  async #loadAll(): Promise<void> {
    for (const model of [...this.#models]) {
      const { name } = model.model;
      this.#options.onStep?.(`loading model ${name}`);
      try {
        await this.#taking.makeRoom(model);
        await model.start();
      } catch (error) {
        const leavesOut = this.#options.config.recovery.refused_models === 'leave_out';
        if (!leavesOut || this.#models.length === 1) throw error;
        this.refused.push({ model: name, message: (error as Error).message });
        await this.#leave(model);
      }
    }
  }

  /** Ends a trial that is under way, waits for the change in work and unloads every model. */
  async stop(): Promise<void> {
    this.#leaving.abort();
    await this.#last;
    await this.#taking.end();
    for (const model of [...this.#models].reverse()) await model.stop();
    await this.#places.stop();
  }

  snapshot(): Pick<Snapshot, 'parking'> {
    const models = this.#models.map(({ model }) => model);
    const known = models.filter((model) => model.loaded || this.#places.has(model));
    return { parking: { ...this.#places.snapshot(known), lending: this.#lent } };
  }

  /** Changes from now on go to this stream too. */
  attach(pipeline: Pipeline): void {
    this.#pipeline = pipeline;
    this.#taking.attach(pipeline);
  }

  /** Tries the model in a process of its own, or takes its size from the plan; then makes its pool,
   *  loads it and gives it frames. Throws where the name is taken or the model is refused. */
  load(config: ModelConfig): Promise<PooledModel> {
    return this.#inTurn(async () => {
      if (this.#models.some(({ model }) => model.name === config.name)) {
        throw new Error(`model ${config.name}: runs already; give another name, or replace it`);
      }
      return this.#enter(await this.#plan(config));
    });
  }

  /** Takes the model out of the stream and gives its pool back. Throws UnknownName. */
  unload(name: string): Promise<void> {
    return this.#inTurn(async () => this.#leave(this.#find(name)));
  }

  /** Puts a model in another one's place, which runs until the new one was tried. Where the new one
   *  cannot be loaded the former one comes back. Throws UnknownName. */
  replace(name: string, config: ModelConfig): Promise<PooledModel> {
    return this.#inTurn(async () => {
      const former = this.#find(name);
      if (config.name !== name && this.#models.some(({ model }) => model.name === config.name)) {
        throw new Error(`model ${config.name}: runs already; give another name`);
      }
      const planned = await this.#plan(config);
      return this.#undisturbed(async () => {
        await this.#leave(former);
        try {
          return await this.#enter(planned);
        } catch (error) {
          await this.#enter(former.planned);
          throw error;
        }
      });
    });
  }

  /** Takes the model out of the stream and parks it. Throws UnknownName, and one line where it is
   *  parked already or refused; then it runs on. */
  park(name: string, place: PlaceName): Promise<ParkedModel> {
    return this.#inTurn(async () => {
      const model = this.#find(name);
      if (this.#parked.has(model)) throw new Error(`model ${name}: is parked already`);
      await this.#undisturbed(async () => {
        await this.#taking.bring(model);
        await this.#takeOut(model, place);
      });
      const [parked] = this.#places.parked().filter((each) => each.model === name);
      if (parked === undefined) throw new Error(`model ${name}: is not parked`);
      return parked;
    });
  }

  /** Makes a parked model resident and gives it frames again, with the turns that it had. Throws
   *  UnknownName, and one line where it is not parked or there is no room; then it stays parked. */
  restore(name: string): Promise<number> {
    return this.#inTurn(async () => {
      const model = this.#find(name);
      if (!this.#parked.has(model)) throw new Error(`model ${name}: is not parked`);
      const begin = performance.now();
      let tookMs = 0;
      await this.#undisturbed(async () => {
        await this.#taking.takeBackFor(model);
        await this.#places.restore(model.model);
        tookMs = performance.now() - begin;
        try {
          await this.#giveFrames(model);
        } catch (error) {
          await this.#places.park(model.model);
          throw error;
        }
        this.#parked.delete(model);
      });
      return tookMs;
    });
  }

  places(): { places: PlaceFigures[]; parked: ParkedModel[]; lending: LendingSnapshot | null } {
    return {
      ...{ places: this.#places.figures(), parked: this.#places.parked() },
      lending: this.#lent,
    };
  }

  get #lent(): LendingSnapshot | null {
    return this.lending.lender?.figures() ?? null;
  }

  async #takeOut(model: PooledModel, place: PlaceName): Promise<void> {
    const { name } = model.model;
    const turns = this.#pipeline?.snapshot().models?.find((each) => each.name === name)?.schedule;
    if (turns !== undefined) this.#schedules.set(model, turns);
    await this.#pipeline?.removeLane(name);
    try {
      await this.#places.park(model.model, place);
      this.#parked.add(model);
    } catch (error) {
      await this.#giveFrames(model);
      throw error;
    }
  }

  async #giveFrames(model: PooledModel): Promise<void> {
    await this.#pipeline?.addLane(model.lane);
    const turns = this.#schedules.get(model);
    this.#schedules.delete(model);
    if (turns === undefined) return;
    const { deadline_ms: deadlineMs, ...rest } = turns;
    this.#pipeline?.adjust(model.model.name, { ...rest, deadlineMs });
  }

  #plan(config: ModelConfig): Promise<PlannedModel> {
    return planModel(config, this.#options.config, this.#leaving.signal);
  }

  #make(planned: PlannedModel): PooledModel {
    this.#taking.require(planned.config);
    const { region, runtime, log } = this.#options;
    return new PooledModel(region, runtime, planned, log);
  }

  #find(name: string): PooledModel {
    return findNamed('model', name, this.#models, ({ model }) => model.name);
  }

  #enter(planned: PlannedModel): Promise<PooledModel> {
    return this.#undisturbed(async () => {
      const model = this.#make(planned);
      try {
        await this.#taking.makeRoom(model);
        await model.start();
        await this.#pipeline?.addLane(model.lane);
      } catch (error) {
        await model.stop();
        throw error;
      }
      this.#models.push(model);
      return model;
    });
  }

  #leave(model: PooledModel): Promise<void> {
    return this.#undisturbed(async () => {
      // One that is not there to be deleted would leave something behind.
      if (this.#parked.has(model)) {
        await this.#places.restore(model.model).catch(() => undefined);
      } else {
        await this.#taking.bring(model).catch(() => undefined);
        await this.#pipeline?.removeLane(model.model.name);
      }
      await model.stop();
      this.#places.forget(model.model);
      this.#parked.delete(model);
      this.#schedules.delete(model);
      this.#models.splice(this.#models.indexOf(model), 1);
    });
  }

  #undisturbed<T>(action: () => Promise<T>): Promise<T> {
    return this.#taking.still(() =>
      this.#pipeline === null ? action() : this.#pipeline.change(action),
    );
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#leaving.signal.aborted) throw new Error('the program is stopping');
      return action();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
