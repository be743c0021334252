import { Interrupted } from '../boot/lifecycle.ts';
import { type Loaded, loadOrLeaveOut } from '../config/load.ts';
import { main } from '../main.ts';
import { createDisplay } from '../telemetry/console/create-display.ts';
import type { Display } from '../telemetry/console/display.ts';
import { parseArguments } from './arguments.ts';
import { Debugged } from './failure.ts';
import { flagsLayer, RUN_OPTIONS } from './run-flags.ts';
import { Stopper } from './stopper.ts';
import { programVersion } from './version.ts';

async function runUntilStopped(
  { config, refused }: Loaded,
  display: Display,
  stopper: Stopper,
): Promise<void> {
  const { signal } = stopper;
  const said = { version: programVersion(), refusedSettings: refused };
  const program = await main({ config, ...said, display, signal, onEnd: () => stopper.stop() });
  await program.start();
  if (config.duration_seconds !== null) stopper.stopAfter(config.duration_seconds);
  await stopper.stopped();
  await program.stop();
}

/** Runs until a signal, the end of the duration or of the source. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args, { valued: RUN_OPTIONS, plain: [], words: false });
  const loaded = loadOrLeaveOut({
    file: parsed.values.get('--config') ?? null,
    environment: process.env,
    flags: flagsLayer(parsed),
  });
  const { config } = loaded;
  const display = createDisplay(config.log_level);
  const stopper = new Stopper(config.stop_seconds);
  stopper.listen();
  try {
    await runUntilStopped(loaded, display, stopper);
    if (stopper.failure !== null) throw stopper.failure;
  } catch (error) {
    if (!(error instanceof Interrupted) || stopper.failure !== null) {
      throw new Debugged(stopper.failure ?? error, config.log_level === 'debug');
    }
  } finally {
    display.close();
  }
  return 0;
}
