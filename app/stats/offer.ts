/** A server with memory that a board lends. */
export interface Offer {
  /** The board. */
  device: string;
  /** rediss://, without user and password. */
  url: string;
  /** What it has room for, as it was told last. */
  free_bytes: number;
}
