/** A part of the program. Its constructor does nothing; both calls are safe twice. */
export interface Part {
  start(): Promise<void>;
  /** Also after a start that failed half way. */
  stop(): Promise<void>;
}
