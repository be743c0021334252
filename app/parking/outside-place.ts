import type { Model } from '../models/model.ts';
import type { ModelParking } from '../models/model-parking.ts';
import { NativeError } from '../native/native-error.ts';
import { parkedModel } from './parked-model.ts';
import { pieceBytes, pieceCount } from './pieces.ts';
import type { ParkedModel, Place, PlaceEvent, PlaceFigures, PlaceName } from './place.ts';
import type { Store } from './store.ts';
import { Tally } from './tally.ts';

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
  /** Its name in the store; null: it is not there. */
  block: string | null;
  bytes: number;
  /** As it was when it was parked: a model whose memory is lost can tell nothing. */
  parking: ModelParking;
}

const NO_ROOM: readonly string[] = ['EP_E_REGION_FULL', 'EP_E_MAPPINGS'];

const hasNoRoom = (error: unknown): boolean =>
  error instanceof NativeError && NO_ROOM.includes(error.status);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Models wait outside of the process, sealed: what comes back is believed only where it is to the
 * bit what was given. All else costs time: the model is loaded from its file.
 */
export class OutsidePlace implements Place {
  readonly name: PlaceName;
  readonly #options: OutsidePlaceOptions;
  readonly #held = new Map<Model, Held>();
  readonly #tally = new Tally();

  constructor(options: OutsidePlaceOptions) {
    this.name = options.store.name;
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#options.store.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => this.#drop(held)));
    this.#held.clear();
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
    if (sent) this.#tally.parked(begin, model.parking().packedBytes);
  }

  async restore(model: Model): Promise<void> {
    const held = this.#held.get(model);
    if (held === undefined)
      throw new Error(`model ${model.name}: is not in the place ${this.name}`);
    const begin = performance.now();
    const lost = await this.#bringBack(model, held);
    if (lost === null) {
      await this.#restoreHere(model, held);
      this.#tally.restored(begin, held.bytes);
    } else {
      await this.#reload(model, held, lost);
    }
    this.#held.delete(model);
    await this.#drop(held);
  }

  forget(model: Model): void {
    const held = this.#held.get(model);
    this.#held.delete(model);
    if (held !== undefined) void this.#drop(held);
  }

  figures(): PlaceFigures {
    return {
      place: this.name,
      bound_bytes: this.#options.boundBytes,
      held_bytes: this.#heldBytes,
      models: this.#held.size,
      ...this.#tally.figures(),
    };
  }

  parked(): ParkedModel[] {
    return [...this.#held].map(([model, { parking }]) =>
      parkedModel(model.name, this.name, parking),
    );
  }

  get #heldBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#held.values()) sum += bytes;
    return sum;
  }

  async #send(model: Model): Promise<void> {
    const { store } = this.#options;
    const { generation, packedBytes } = model.parking();
    this.#admit(model.name, packedBytes);
    const block = String(generation);
    const incoming = await store.create(block);
    try {
      for (let number = 0; number < pieceCount(packedBytes); number += 1) {
        const piece = Buffer.allocUnsafeSlow(pieceBytes(packedBytes, number));
        await model.sealPiece(store.number, number, piece);
        await incoming.write(number, piece);
        this.#tally.writtenBytes += piece.byteLength;
      }
      await incoming.finish();
    } catch (error) {
      await incoming.abandon().catch(() => undefined);
      throw error;
    }
    await model.sendAway();
    this.#held.set(model, { block, bytes: packedBytes, parking: model.parking() });
  }

  #admit(name: string, bytes: number): void {
    const { boundBytes, boundSetting } = this.#options;
    if (this.#heldBytes + bytes <= boundBytes) return;
    throw new Error(
      `model ${name}: its ${bytes} bytes do not fit into the place ${this.name}, which holds ` +
        `${this.#heldBytes} of ${boundBytes}; raise ${boundSetting} or restore another model`,
    );
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
      this.#held.set(model, { block: null, bytes: 0, parking: model.parking() });
      return;
    }
    throw error;
  }

  /** Null: it is packed in the region; else why its memory is lost. */
  async #bringBack(model: Model, held: Held): Promise<string | null> {
    if (held.block === null) return held.bytes === 0 ? null : 'its memory is lost';
    const { store } = this.#options;
    try {
      const outgoing = await store.open(held.block);
      try {
        // The next piece is on its way while one is unsealed.
        let next = outgoing.read(0, pieceBytes(held.bytes, 0));
        for (let number = 0; number < pieceCount(held.bytes); number += 1) {
          const piece = await next;
          this.#tally.readBytes += piece.byteLength;
          if (number + 1 < pieceCount(held.bytes)) {
            next = outgoing.read(number + 1, pieceBytes(held.bytes, number + 1));
            next.catch(() => undefined);
          }
          await model.unsealPiece(store.number, number, piece);
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

  async #drop({ block }: Held): Promise<void> {
    // What is left behind is of no use to anybody, and is removed or expires.
    if (block !== null) await this.#options.store.drop(block).catch(() => undefined);
  }
}
