/** Numbers in [0, 1) that a seed repeats (mulberry32). The seed is SEED or new, and is printed. */
export function randomFrom(seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)): {
  next(): number;
  seed: number;
} {
  console.log(`seed ${seed}`);
  let state = seed | 0;
  return {
    seed,
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
