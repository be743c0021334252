import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import type { FromSchema } from '../config/from-schema.ts';
import { sizeRegion } from '../models/sizing.ts';
import type { AnalysedModel } from './analyse-model.ts';
import { planSchema } from './plan-schema.ts';
import { type RuntimeIdentity, runtimeIdentity } from './runtime-identity.ts';

export type PlanFile = FromSchema<typeof planSchema>;
export type PlannedPool = PlanFile['models'][number]['pool'];
type ModelEntry = PlanFile['models'][number];

export interface PlanOptions {
  runtime: RuntimeIdentity;
  runtimeBytes: number;
  framesBytes: number;
  /** Share of the region that stays unassigned; brought within 0.3 to 0.5. */
  reserve: number;
}

const LEAST_RESERVE = 0.3;
const MOST_RESERVE = 0.5;

/** One plan for all the models together. */
export function makePlanFile(models: readonly AnalysedModel[], options: PlanOptions): PlanFile {
  const { runtime, runtimeBytes, framesBytes } = options;
  const reserve = Math.min(Math.max(options.reserve, LEAST_RESERVE), MOST_RESERVE);
  const quotas = models.map(({ analysis }) => analysis.pool.quota_bytes);
  return {
    version: 1,
    runtime,
    models: models.map(entryOf),
    region: {
      reserve,
      runtime_bytes: runtimeBytes,
      frames_bytes: framesBytes,
      models_bytes: quotas.reduce((sum, bytes) => sum + bytes, 0),
      capacity_bytes: sizeRegion([runtimeBytes, framesBytes, ...quotas], reserve),
    },
  };
}

function entryOf({
  file,
  sha256,
  threads,
  runsOn,
  fileBytes,
  analysis,
}: AnalysedModel): ModelEntry {
  const { peak_bytes, steady_bytes, allocations, histogram, chunks, pool } = analysis;
  return {
    file: basename(file),
    sha256,
    file_bytes: fileBytes,
    threads,
    delegate: 'auto',
    runs_on: runsOn,
    peak_bytes,
    steady_bytes,
    allocations,
    histogram,
    chunks,
    pool,
  };
}

const validate = new Ajv({ allErrors: false }).compile<PlanFile>(planSchema);

/** Throws one line that names the file where it is no plan. */
export function readPlanFile(file: string): PlanFile {
  const again = 'make it again with edgepool analyze --plan';
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined) throw new Error(`plan ${file}: cannot be read (${code}); ${again}`);
    throw new Error(`plan ${file}: is no JSON; ${again}`);
  }
  if (validate(plan)) return plan;
  const [first] = validate.errors ?? [];
  const place = first?.instancePath.slice(1).replaceAll('/', '.') || 'the whole';
  throw new Error(`plan ${file}: ${place} ${first?.message ?? 'is wrong'}; ${again}`);
}

/** A model as `run` is about to load it. */
export interface Wanted {
  file: string;
  sha256: string;
  threads: number;
  /** As configured; a plan has none for an external one. */
  delegate: ModelEntry['delegate'] | 'external';
  runtime: RuntimeIdentity;
}

/** The pool that a plan has for this very model. Throws one line that says what differs. */
export function plannedPool(planFile: string, plan: PlanFile, wanted: Wanted): PlannedPool {
  const { file, sha256, threads, delegate, runtime } = wanted;
  const refuse = (what: string): never => {
    throw new Error(
      `plan ${planFile}: ${what}; make it again with edgepool analyze ${file} --plan ${planFile}`,
    );
  };
  const same = plan.runtime.sha256 === runtime.sha256 && plan.runtime.machine === runtime.machine;
  if (!same) refuse('made with another TensorFlow Lite library or on another processor');
  const entries = plan.models.filter((model) => model.sha256 === sha256);
  const namesake = plan.models.find((model) => model.file === basename(file));
  if (entries.length === 0 && namesake !== undefined) {
    const [is, was] = [sha256, namesake.sha256].map((sum) => sum.slice(0, 12));
    refuse(`made for another ${file} (SHA-256 ${was}..., this one has ${is}...)`);
  }
  const [entry] = entries;
  if (entry === undefined) return refuse(`it has no model with the SHA-256 of ${file}`);
  const fits = entries.find((model) => model.threads === threads && model.delegate === delegate);
  return (
    fits?.pool ??
    refuse(
      `made for ${file} with threads ${entry.threads} and delegate ${entry.delegate}, ` +
        `the configuration has ${threads} and ${delegate}`,
    )
  );
}

/** Name of a plan for the models in its folder. */
const BESIDE = 'plan.json';

/**
 * The pool that a `plan.json` in the model's folder has for this very model, with this runtime on
 * this processor; null where there is none. Then a trial tells what the model needs.
 */
export async function planBeside(
  wanted: Omit<Wanted, 'sha256' | 'runtime'> & { sha256: () => Promise<string> },
  library: string | null,
): Promise<PlannedPool | null> {
  const file = join(dirname(wanted.file), BESIDE);
  if (!existsSync(file)) return null;
  const runtime = await runtimeIdentity(library);
  const sha256 = await wanted.sha256();
  try {
    return plannedPool(file, readPlanFile(file), { ...wanted, sha256, runtime });
  } catch {
    // Torn, or made for others: nobody has asked for it by name.
    return null;
  }
}
