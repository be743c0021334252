import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { Source } from './source.ts';

export interface StillOptions {
  /** A JPEG or BMP file, or a folder of them, which are shown in order of name. */
  path: string;
  fps: number;
  /** How long each picture of a folder stands; 0: one frame. */
  eachSeconds: number;
}

/** Pictures from files, at the frame rate. */
export class StillSource extends Source {
  readonly #options: StillOptions;

  constructor(native: Native, options: StillOptions) {
    super(native);
    this.#options = options;
  }

  get description(): string {
    return `still ${this.#options.path}`;
  }

  protected options(): SourceOptionsStruct {
    const { path, fps, eachSeconds } = this.#options;
    const { still } = SourceKind;
    return {
      kind: still,
      width: 0,
      height: 0,
      seed: 0,
      fps,
      path,
      tag: 0,
      each_seconds: eachSeconds,
    };
  }
}
