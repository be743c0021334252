/** Where memory is, as the page draws it. */
export interface MemoryView {
  /** What each entry of `chunks` counts, in bytes. */
  chunk_bytes: number;
  /** The region from its first chunk to its last: an owner and how many chunks in a row it has. The
   *  owner is a pool's id, 0 where the chunks are free, 65535 where they are lent. */
  chunks: [owner: number, count: number][];
  pools: PoolView[];
}

export interface PoolView {
  id: number;
  name: string;
  /** Blocks in order of address, in bytes with their headers: used above 0, free below. */
  blocks: number[];
}

/** Equal neighbours as one run. */
export function runsOf(owners: ArrayLike<number>): [number, number][] {
  const runs: [number, number][] = [];
  for (let index = 0; index < owners.length; index += 1) {
    const owner = owners[index] ?? 0;
    const last = runs.at(-1);
    if (last?.[0] === owner) last[1] += 1;
    else runs.push([owner, 1]);
  }
  return runs;
}
