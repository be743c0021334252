/**
 * The table of contents: what there is, in the order in which it starts. It stops in reverse.
 */
import { Announcement } from './boot/announcement.ts';
import { Commands } from './boot/commands.ts';
import { Lifecycle } from './boot/lifecycle.ts';
import { ModelMemory } from './boot/model-memory.ts';
import { ModelSet } from './boot/model-set.ts';
import { makePlan } from './boot/plan.ts';
import { PooledCamera } from './boot/pooled-camera.ts';
import { ServiceManager } from './boot/service-manager.ts';
import { Window } from './boot/window.ts';
import type { Config } from './config/config.ts';
import { stateFolder } from './config/state-folder.ts';
import { Events } from './frames/events.ts';
import { Region } from './memory/region.ts';
import { Runtime } from './models/runtime.ts';
import { loadNative } from './native/library.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { BoardHealth } from './stats/board/board-health.ts';
import { EventLoopDelay } from './stats/event-loop-delay.ts';
import { Registry } from './stats/registry.ts';
import type { Display } from './telemetry/console/display.ts';
import { StatusLine } from './telemetry/console/status-line.ts';
import { Neighbourhood } from './telemetry/neighbourhood/neighbourhood.ts';
import { Report } from './telemetry/report.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { Troubles } from './telemetry/troubles.ts';

export interface Program {
  config: Config;
  version: string;
  /** Why settings were left out, in one line; null: none were. */
  refusedSettings: string | null;
  display: Display;
  /** Comes when the program shall stop before it has started. */
  signal: AbortSignal;
  /** The source has no more frames. */
  onEnd(): void;
}

export async function main({ config, version, refusedSettings, display, signal, onEnd }: Program) {
  const native = loadNative();
  const service = new ServiceManager(process.env, display);
  const onStep = (what: string) => service.step(what);
  const memory = new ModelMemory({ config, environment: process.env, signal, log: display });
  const plan = await makePlan(native, config, signal, { candidates: memory.candidates(), onStep });
  const registry = new Registry();
  const read = () => registry.snapshot();

  const region = new Region(native, plan.region);
  const runtime = new Runtime(region, { library: config.runtime.library });
  const { models: planned } = plan;
  const models = new ModelSet({ region, runtime, config, planned, log: display, onStep });
  const frames = plan.cameras.map((planned) => new PooledCamera(region, planned));
  const events = new Events(native);
  const cameras = frames.map(({ camera }) => camera);
  const pipeline = new Pipeline({ runtime, events, cameras, lanes: models.lanes });
  const eventLoopDelay = new EventLoopDelay();
  const health = new BoardHealth({ stateFolder: stateFolder(process.env) });
  const report = new Report(config.report, read);
  const telemetry = new Telemetry(config, read, display, version);
  const { lending } = models;
  const neighbours = new Neighbourhood({ config, telemetry, lending, log: display });
  const troubles = new Troubles(display, telemetry);
  const statusLine = new StatusLine(display, read);
  const acts = { models, pipeline, frames, telemetry };
  const commands = new Commands({ config, version, plan, ...acts, read, display });
  const seen = { region, runtime, models, frames };
  const window = new Window({ config, version, ...seen, commands, read, display });
  const announced = { ...seen, config, version, refusedSettings, plan, memory, telemetry, display };
  const announcement = new Announcement(announced);

  registry.add({ snapshot: () => ({ region: region.snapshot() }) });
  for (const part of [pipeline, models, eventLoopDelay, health, telemetry]) registry.add(part);
  pipeline.onResult = (result) => {
    for (const each of [telemetry, window]) each.result(result);
  };
  pipeline.onError = (message) => troubles.tell(message);
  service.watch({ pipeline, troubles, read });
  memory.watch({ models, pipeline, read });
  telemetry.onCommand = (name, args) => commands.execute(name, args, 'mqtt');
  telemetry.modelFiles = () => commands.modelFiles();
  pipeline.onEnd = onEnd;
  models.attach(pipeline);
  models.offers = () => neighbours.offers();
  models.onParkingEvent = ({ kind, ...fields }) => telemetry.event(kind, fields);

  const ground = [memory, lending, region, runtime, ...frames, neighbours];
  const work = [models, memory.proof, events];
  const tellers = [report, health, telemetry, window];
  const prepared = [lending.steps, commands.preparation, eventLoopDelay];
  const stream = [...prepared, pipeline, commands, announcement, statusLine, service];
  return new Lifecycle([...ground, ...work, ...tellers, ...stream], signal);
}
