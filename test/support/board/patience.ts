/** How long to wait for the emulated machine, in seconds of ours: for nothing but a machine that hangs.
 *  It is as fast as whatever runs it, and who waits for it also ends with it. */
export const PATIENCE_SECONDS = 1200;
