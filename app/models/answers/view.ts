import type { Box } from '../../stats/answer.ts';

export interface Size {
  width: number;
  height: number;
}

/**
 * Where a model's input lies in the frame, so that its places can be told in shares of the frame:
 * the counterpart of `ep_fit` in native/include/edgepool.h.
 */
export class View {
  readonly #left: number;
  readonly #top: number;
  readonly #across: number;
  readonly #down: number;

  constructor(fit: 'stretch' | 'crop' | 'letterbox', frame: Size, input: Size) {
    // How much wider the input's shape is than the frame's.
    const wider = (input.width * frame.height) / (input.height * frame.width);
    const narrows = fit === 'crop' ? Math.min(wider, 1) : Math.max(wider, 1);
    const lowers = fit === 'crop' ? Math.min(1 / wider, 1) : Math.max(1 / wider, 1);
    this.#across = fit === 'stretch' ? 1 : narrows;
    this.#down = fit === 'stretch' ? 1 : lowers;
    this.#left = (1 - this.#across) / 2;
    this.#top = (1 - this.#down) / 2;
  }

  /** From shares of the input to shares of the frame. */
  x(share: number): number {
    return this.#left + share * this.#across;
  }

  y(share: number): number {
    return this.#top + share * this.#down;
  }

  /** The part of a box that lies in the frame; corners in shares of the input. */
  box(left: number, top: number, right: number, bottom: number): Box {
    const [x, y] = [clamp(this.x(left)), clamp(this.y(top))];
    return { x, y, width: clamp(this.x(right)) - x, height: clamp(this.y(bottom)) - y };
  }
}

function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}
