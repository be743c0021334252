import type { Model } from '../models/model.ts';
import type { ModelParking } from '../models/model-parking.ts';
import { NativeError } from '../native/native-error.ts';
import type { PlaceName, PlaceSnapshot } from '../stats/snapshot.ts';
import { pieceSizes, roomFor } from './pieces.ts';
import type { ParkedModel, Place, PlaceEvent } from './place.ts';
import type { Incoming, Outgoing, Renewed, Store } from './store.ts';
import { Tally } from './tally.ts';
import { parkedModel } from './whereabouts.ts';

export interface OutsidePlaceOptions {
  store: Store;
  /** What its models may hold there together. */
  boundBytes: number;
  /** The setting of that bound, for messages. */
  boundSetting: string;
  /** How long a model may take until it is idle. */
  patienceMs: number;
  /** Loads a model anew whose memory is lost. */
  reload: (model: Model) => Promise<void>;
  tell: (event: PlaceEvent) => void;
}

/** What is known of a model that waits. */
interface Held {
  restoring: boolean;
  /** Its name in the store; null: it is not there. */
  block: string | null;
  /** Of each piece there, in bytes. */
  room: number[];
  /** As it was when it was parked: a model whose memory is lost can tell nothing. */
  parking: ModelParking;
}

/** A block that takes a model. */
interface Opened {
  block: string;
  room: number[];
  incoming: Incoming;
  /** The same, where it has some of the model's pieces already. */
  renewed: Renewed | null;
}

/** What a model that is back has left in the store. */
interface Kept {
  block: string;
  room: number[];
  /** Of the model then. */
  liveBytes: number;
}

const NO_ROOM: readonly string[] = ['EP_E_REGION_FULL', 'EP_E_MAPPINGS'];

const hasNoRoom = (error: unknown): boolean =>
  error instanceof NativeError && NO_ROOM.includes(error.status);

const sumOf = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0);

const bytesOf = (all: ReadonlyMap<Model, { room: number[] }>): number =>
  sumOf([...all.values()].flatMap(({ room }) => room));

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Pieces that are on their way at one time, so that neither the way nor the store ever waits. */
const AHEAD = 2;

/** All pieces of a block, in order. Throws where one cannot be had. */
async function* piecesOf(outgoing: Outgoing, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const coming: Promise<Uint8Array>[] = [];
  const ask = (number: number) => {
    const bytes = sizes[number];
    if (bytes === undefined) return;
    const piece = outgoing.read(number, bytes);
    // It may be asked for in vain: whoever waits for it hears of it.
    piece.catch(() => undefined);
    coming.push(piece);
  };
  for (let number = 0; number < AHEAD; number += 1) ask(number);
  for (let number = AHEAD; ; number += 1) {
    const next = coming.shift();
    if (next === undefined) return;
    const piece = await next;
    ask(number);
    yield piece;
  }
}

/**
 * Models wait outside of the process, sealed: what comes back is believed only where it is to the
 * bit what was given. All else costs time: the model is loaded from its file. What a model has left
 * there stays when it is back, as long as nobody needs the room: a piece that has not changed until
 * it is parked again is not sealed and not written again.
 */
export class OutsidePlace implements Place {
  readonly name: PlaceName;
  readonly #options: OutsidePlaceOptions;
  readonly #held = new Map<Model, Held>();
  /** The one that came back first in front. */
  readonly #kept = new Map<Model, Kept>();
  readonly #tally = new Tally();

  constructor(options: OutsidePlaceOptions) {
    this.name = options.store.name;
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#options.store.start();
  }

  async stop(): Promise<void> {
    const all = [...this.#held.values(), ...this.#kept.values()];
    await Promise.all(all.map((each) => this.#drop(each)));
    this.#held.clear();
    this.#kept.clear();
    await this.#options.store.stop();
  }

  has(model: Model): boolean {
    return this.#held.has(model);
  }

  async park(model: Model): Promise<void> {
    const begin = performance.now();
    await model.park(this.#options.patienceMs);
    let sent = false;
    try {
      await model.pack();
      await this.#send(model);
      sent = true;
    } catch (error) {
      await this.#fail(model, error);
    }
    if (sent) this.#tally.parked(begin, model.parking().liveBytes);
  }

  async restore(model: Model): Promise<void> {
    const held = this.#held.get(model);
    if (held === undefined)
      throw new Error(`model ${model.name}: is not in the place ${this.name}`);
    held.restoring = true;
    try {
      await this.#restore(model, held);
    } finally {
      held.restoring = false;
    }
    this.#held.delete(model);
    const { block, room, parking } = held;
    if (block !== null) this.#kept.set(model, { block, room, liveBytes: parking.liveBytes });
  }

  forget(model: Model): void {
    for (const known of [this.#held, this.#kept]) {
      const left = known.get(model);
      known.delete(model);
      if (left !== undefined) void this.#drop(left);
    }
  }

  figures(): PlaceSnapshot {
    return {
      ...{ place: this.name, server: this.#options.store.server ?? null },
      bound_bytes: this.#options.boundBytes,
      held_bytes: bytesOf(this.#held),
      live_bytes: this.#liveBytes,
      kept_bytes: bytesOf(this.#kept),
      models: this.#held.size,
      ...this.#tally.figures(),
    };
  }

  parked(): ParkedModel[] {
    return [...this.#held].map(([model, { restoring, parking }]) =>
      parkedModel(model, this.name, { restoring, parking: restoring ? model.parking() : parking }),
    );
  }

  /** Of models that are there: one whose way there has failed may wait in the region. */
  get #liveBytes(): number {
    const there = [...this.#held.values()].filter(({ block }) => block !== null);
    return sumOf(there.map(({ parking }) => parking.liveBytes));
  }

  async #send(model: Model): Promise<void> {
    const sizes = pieceSizes(model);
    await this.#makeRoom(model, sumOf(roomFor(sizes, this.#kept.get(model)?.room)));
    const { block, room, incoming, renewed } = await this.#open(model, sizes);
    try {
      const there = renewed === null ? [] : await this.#keep(model, renewed, sizes.length);
      for (const [number, bytes] of sizes.entries()) {
        if (there[number] === true) this.#tally.unchangedBytes += bytes;
        else await this.#write(model, incoming, number, bytes);
      }
      await incoming.finish();
    } catch (error) {
      await incoming.abandon().catch(() => undefined);
      throw error;
    }
    await model.sendAway();
    const parking = model.parking();
    this.#held.set(model, { restoring: false, block, room, parking });
  }

  async #open(model: Model, sizes: number[]): Promise<Opened> {
    const { store } = this.#options;
    const { generation, liveBytes } = model.parking();
    const kept = this.#kept.get(model);
    if (kept?.liveBytes === liveBytes) {
      const renewed = await store.renew(kept.block);
      this.#kept.delete(model);
      const room = roomFor(sizes, kept.room);
      return { block: kept.block, room, incoming: renewed, renewed };
    }
    // Of another size, nothing of it is where it was.
    this.#kept.delete(model);
    if (kept !== undefined) await this.#drop(kept);
    const block = String(generation);
    return { block, room: sizes, incoming: await store.create(block), renewed: null };
  }

  /** Whether each piece is there already. All are asked for before an answer is waited for. */
  async #keep(model: Model, renewed: Renewed, count: number): Promise<boolean[]> {
    const coming: Promise<boolean>[] = [];
    for (let number = 0; number < count; number += 1) {
      const same = await model.keepPiece(this.#options.store.number, number);
      const there = same ? renewed.keep(number) : Promise.resolve(false);
      // Whoever waits for all of them hears of it.
      there.catch(() => undefined);
      coming.push(there);
    }
    return Promise.all(coming);
  }

  async #write(model: Model, incoming: Incoming, number: number, bytes: number): Promise<void> {
    const piece = Buffer.allocUnsafeSlow(bytes);
    await model.sealPiece(this.#options.store.number, number, piece);
    await incoming.write(number, piece);
    this.#tally.writtenBytes += bytes;
  }

  /** Models that are back give up what they have left, those that came back first first. */
  async #makeRoom(wanted: Model, bytes: number): Promise<void> {
    const { boundBytes, boundSetting } = this.#options;
    const held = bytesOf(this.#held);
    if (held + bytes > boundBytes) {
      throw new Error(
        `model ${wanted.name}: its ${bytes} bytes do not fit into the place ${this.name}, which ` +
          `holds ${held} of ${boundBytes}; raise ${boundSetting} or restore another model`,
      );
    }
    const others = () => bytesOf(this.#kept) - sumOf(this.#kept.get(wanted)?.room ?? []);
    for (const [model, kept] of this.#kept) {
      if (held + others() + bytes <= boundBytes) return;
      if (model === wanted) continue;
      this.#kept.delete(model);
      this.#tally.dropped += 1;
      await this.#drop(kept);
    }
  }

  /** The model stays. Where its memory was taken by others meanwhile it waits in the region, packed,
   *  until there is room for it. */
  async #fail(model: Model, error: unknown): Promise<void> {
    this.#tally.failures += 1;
    const message = textOf(error);
    this.#options.tell({ kind: 'parking_failed', model: model.name, place: this.name, message });
    try {
      await model.restore();
    } catch (refusal) {
      if (!hasNoRoom(refusal)) throw refusal;
      const parking = model.parking();
      this.#held.set(model, { restoring: false, block: null, room: [], parking });
      return;
    }
    throw error;
  }

  async #restore(model: Model, held: Held): Promise<void> {
    const begin = performance.now();
    const lost = await this.#bringBack(model, held);
    if (lost === null) {
      await this.#restoreHere(model, held);
      this.#tally.restored(begin, held.parking.liveBytes);
    } else {
      await this.#reload(model, held, lost);
    }
  }

  /** Null: it is packed in the region; else why its memory is lost. */
  async #bringBack(model: Model, held: Held): Promise<string | null> {
    if (held.block === null) return held.room.length === 0 ? null : 'its memory is lost';
    const { store } = this.#options;
    try {
      const outgoing = await store.open(held.block);
      try {
        let number = 0;
        for await (const piece of piecesOf(outgoing, pieceSizes(model))) {
          this.#tally.readBytes += piece.byteLength;
          await model.unsealPiece(store.number, number, piece);
          number += 1;
        }
      } finally {
        await outgoing.close();
      }
      return null;
    } catch (error) {
      if (hasNoRoom(error)) throw error;
      return textOf(error);
    }
  }

  async #restoreHere(model: Model, { block }: Held): Promise<void> {
    try {
      await model.restore();
    } catch (error) {
      // What it holds of the region others may need, and it is still where it was.
      if (block !== null) await model.sendAway();
      throw error;
    }
  }

  async #reload(model: Model, held: Held, message: string): Promise<void> {
    const { tell, reload } = this.#options;
    if (held.block !== null) {
      this.#tally.lost += 1;
      tell({ kind: 'parked_model_lost', model: model.name, place: this.name, message });
      await this.#drop(held);
      held.block = null;
    }
    await reload(model);
  }

  async #drop({ block }: Pick<Held, 'block'>): Promise<void> {
    // What is left behind is of no use to anybody, and is removed or expires.
    if (block !== null) await this.#options.store.drop(block).catch(() => undefined);
  }
}
