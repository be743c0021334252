import type { Model } from '../models/model.ts';
import { EP_SEAL_BYTES, EP_SEALED_PIECE_BYTES } from '../native/constants.ts';

/** How long each sealed piece of a model is that is packed or away. */
export function pieceSizes(model: Pick<Model, 'parking' | 'sealedBytes'>): number[] {
  const count = Math.ceil(model.parking().liveBytes / EP_SEALED_PIECE_BYTES);
  return Array.from({ length: count }, (_, number) => model.sealedBytes(number));
}

/** What pieces take that have these sizes, in the place of others: where one became shorter, what is
 *  behind it stays in the file. */
export const roomFor = (sizes: readonly number[], former: readonly number[] = []): number[] =>
  sizes.map((size, number) => Math.max(size, former[number] ?? 0));

/** Where a piece begins in a file of them, each of which has room for a whole one. */
export const pieceOffset = (number: number): number =>
  number * (EP_SEALED_PIECE_BYTES + EP_SEAL_BYTES);
