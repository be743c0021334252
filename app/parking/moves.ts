/** How firmly a model keeps its memory while it has nothing to do. */
export type Keep = 'resident' | 'warm' | 'cold';

/** A model of the stream, as whoever decides about memory sees it. */
export interface Guest {
  readonly name: string;
  /** resident: never parked. warm: parked when others need its memory, and brought back before its
   *  turn. cold: parked as soon as nothing waits for it, and brought back when something does. */
  readonly keep: Keep;
  readonly present: boolean;
  /** Of the region, while it is present. */
  readonly bytes: number;
  /** A model is at work on a frame of it. */
  readonly busy: boolean;
  /** The first frame that waits for it was captured then, by the process's monotonic clock in
   *  nanoseconds; null: none waits. */
  readonly waitingSinceNs: number | null;
  /** Its next frame is captured then; infinite where it is not known. */
  readonly dueNs: number;
  /** What bringing it back takes. */
  readonly restoreNs: number;
}

/** What is to be done next: models to park, then one to bring back. */
export interface Move<G extends Guest = Guest> {
  park: G[];
  restore: G | null;
}

/** A model is back so many times its own restoring before its turn: parking others takes as long. */
const LEAD = 2;
/** Nobody's turn is known better than this. */
const LEAST_LEAD_NS = 20e6;

/**
 * Who makes room for whom: those for which a frame waits come first, in the order of the frames,
 * then those whose turn comes soon. Room is made by those whose turn is the furthest away, because
 * the turns are known (after Belady, "A study of replacement algorithms for a virtual-storage
 * computer", IBM Systems Journal 5(2), 1966). No model makes room for one whose turn comes later
 * than its own. Null: nothing is to be done, or nothing can be.
 */
export function nextMove<G extends Guest>(
  guests: readonly G[],
  freeBytes: number,
  nowNs: number,
): Move<G> | null {
  for (const wanted of arrivals(guests, nowNs)) {
    const park = roomFor(wanted, guests, freeBytes);
    if (park !== null) return { park, restore: wanted };
  }
  // Unless it would have to come back at once.
  const leaving = guests.find(
    (guest) => guest.keep === 'cold' && canLeave(guest) && !soon(guest, nowNs),
  );
  return leaving === undefined ? null : { park: [leaving], restore: null };
}

/** Models to park so that `bytes` are free, the furthest turn first; null: they do not suffice. */
export function roomFrom<G extends Guest>(
  leaving: readonly G[],
  bytes: number,
  freeBytes: number,
): G[] | null {
  const park: G[] = [];
  let free = freeBytes;
  for (const guest of [...leaving].sort((a, b) => b.dueNs - a.dueNs)) {
    if (free >= bytes) break;
    park.push(guest);
    free += guest.bytes;
  }
  return free >= bytes ? park : null;
}

/** Absent ones that are wanted now, the most urgent first. */
function arrivals<G extends Guest>(guests: readonly G[], nowNs: number): G[] {
  const urgency = ({ waitingSinceNs, dueNs }: Guest) => waitingSinceNs ?? dueNs;
  return guests
    .filter((guest) => !guest.present)
    .filter(
      (guest) => guest.waitingSinceNs !== null || (guest.keep !== 'cold' && soon(guest, nowNs)),
    )
    .sort((a, b) => urgency(a) - urgency(b));
}

function roomFor<G extends Guest>(wanted: G, guests: readonly G[], freeBytes: number): G[] | null {
  const later = guests.filter(
    (guest) => canLeave(guest) && (wanted.waitingSinceNs !== null || guest.dueNs > wanted.dueNs),
  );
  return roomFrom(later, wanted.bytes, freeBytes);
}

export const canLeave = ({ keep, present, busy, waitingSinceNs }: Guest): boolean =>
  keep !== 'resident' && present && !busy && waitingSinceNs === null;

const leadNs = ({ restoreNs }: Guest): number => Math.max(LEAST_LEAD_NS, LEAD * restoreNs);
const soon = (guest: Guest, nowNs: number): boolean => guest.dueNs - nowNs <= leadNs(guest);
