import { EP_SEAL_BYTES, EP_SEALED_PIECE_BYTES } from '../native/constants.ts';

/** In how many pieces so many packed bytes are sealed. */
export const pieceCount = (packedBytes: number): number =>
  Math.ceil(packedBytes / EP_SEALED_PIECE_BYTES);

/** Of a sealed piece. */
export const pieceBytes = (packedBytes: number, number: number): number =>
  Math.min(EP_SEALED_PIECE_BYTES, packedBytes - number * EP_SEALED_PIECE_BYTES) + EP_SEAL_BYTES;

/** Where a piece begins in a file of them. */
export const pieceOffset = (number: number): number =>
  number * (EP_SEALED_PIECE_BYTES + EP_SEAL_BYTES);
