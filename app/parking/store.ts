import type { PlaceName } from '../stats/snapshot.ts';

/** A block that is on its way to a store. */
export interface Incoming {
  write(number: number, piece: Uint8Array): Promise<void>;
  /** It is there as a whole from then on. */
  finish(): Promise<void>;
  /** Nothing of it is left. */
  abandon(): Promise<void>;
}

/** One that was there as a whole before. */
export interface Renewed extends Incoming {
  /** The piece stays as it is there; false: it is not there any more. Many may be asked for before
   *  the first answer. */
  keep(number: number): Promise<boolean>;
}

/** A block that is there, or was. */
export interface Outgoing {
  /** Throws where the piece is not there as it was written, as far as the store can tell. */
  read(number: number, bytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Where blocks of sealed pieces are kept: it is trusted with nothing but to give them back. Each
 *  method throws one line that names the store and says what is wrong. */
export interface Store {
  readonly name: PlaceName;
  /** Stands in every seal: what is meant for one store is refused from another. */
  readonly number: number;
  /** Where it is, of a store that is a server; null: it was at none yet. */
  readonly server?: string | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  create(block: string): Promise<Incoming>;
  /** To write some of the pieces anew of a block that was there; it is whole again once that is
   *  finished. Where it throws, nothing has become of the block. */
  renew(block: string): Promise<Renewed>;
  open(block: string): Promise<Outgoing>;
  drop(block: string): Promise<void>;
}
