import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { Source } from './source.ts';

export interface V4l2Options {
  /** `/dev/video0` */
  path: string;
  /** Of a frame; the camera must offer that size. */
  width: number;
  height: number;
  fps: number;
  /** It may be away at the start, and is used when it is there. */
  awaited: boolean;
}

/** A camera, in the format that suits the size and rate best. */
export class V4l2Source extends Source {
  readonly #options: V4l2Options;

  constructor(native: Native, options: V4l2Options) {
    super(native);
    this.#options = options;
  }

  get description(): string {
    const { path, width, height } = this.#options;
    const { way } = this;
    return `v4l2 ${path} ${width}x${height}${way === null ? '' : ` (${way})`}`;
  }

  /** A camera that writes into slots by itself has some at all times. */
  override get heldSlots(): number {
    return 4;
  }

  protected options(): SourceOptionsStruct {
    const awaited = Number(this.#options.awaited);
    return { kind: SourceKind.v4l2, ...this.#options, awaited, seed: 0, tag: 0, each_seconds: 0 };
  }
}
