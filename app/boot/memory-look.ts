import { type MemoryView, type PoolView, runsOf } from '../dashboard/memory-view.ts';
import type { Pool } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import type { Runtime } from '../models/runtime.ts';
import { EP_OWNER_COMPRESSION } from '../native/constants.ts';
import type { ModelSet } from './model-set.ts';
import type { PooledCamera } from './pooled-camera.ts';

const CHUNK_BYTES = 16384;

/** Looks at who has which memory, for the page. Walking a heap takes its lock for a moment, so a
 *  pool is looked at again only when something was allocated or freed in it. */
export class MemoryLook {
  readonly #parts: {
    region: Region;
    runtime: Runtime;
    models: ModelSet;
    frames: readonly PooledCamera[];
  };
  #known = new Map<string, PoolView>();

  constructor(parts: {
    region: Region;
    runtime: Runtime;
    models: ModelSet;
    frames: readonly PooledCamera[];
  }) {
    this.#parts = parts;
  }

  read(): MemoryView {
    const { region, runtime, models, frames } = this.#parts;
    const pools = [...models.all, ...frames].map(({ pool }) => pool).filter((pool) => pool.started);
    const known = new Map<string, PoolView>();
    for (const pool of pools) {
      const [key, view] = this.#look(pool);
      known.set(key, view);
    }
    this.#known = known;
    const { id } = runtime.poolStats();
    const chunks = runsOf(region.map());
    const own = [{ id, name: 'runtime', blocks: [] }];
    if (chunks.some(([owner]) => owner === EP_OWNER_COMPRESSION)) {
      own.push({ id: EP_OWNER_COMPRESSION, name: 'compression', blocks: [] });
    }
    return { chunk_bytes: CHUNK_BYTES, chunks, pools: [...known.values(), ...own] };
  }

  #look(pool: Pool): [string, PoolView] {
    const { id, allocations, frees, mapped_bytes: mapped } = pool.stats();
    const key = `${id} ${pool.name} ${allocations} ${frees} ${mapped}`;
    const known = this.#known.get(key);
    // One that is parked shows no blocks, unless they were seen before.
    if (known !== undefined && known.blocks.length > 0) return [key, known];
    const blocks = pool.blocks().map(({ bytes, used }) => (used === 0 ? -bytes : bytes));
    return [key, { id, name: pool.name, blocks }];
  }
}
