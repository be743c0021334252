/** What of a source's frames was copied on the way to the models, which convert them in place. */
export class Copies {
  #frameBytes = 0;
  #copiedBytes = 0;
  #most = 0;

  /** A frame that was captured, and the bytes that were copied to bring it into its slot. */
  count(frameBytes: number, copiedBytes: number): void {
    this.#frameBytes += frameBytes;
    this.#copiedBytes += copiedBytes;
    if (frameBytes > 0) this.#most = Math.max(this.#most, copiedBytes / frameBytes);
  }

  snapshot(): { frame_bytes: number; bytes_copied: number; most_copies: number } {
    return {
      frame_bytes: this.#frameBytes,
      bytes_copied: this.#copiedBytes,
      most_copies: this.#most,
    };
  }
}
