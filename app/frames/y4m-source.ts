import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { Source } from './source.ts';

/** A recorded clip, once, at its own rate. */
export class Y4mSource extends Source {
  readonly #path: string;
  readonly #fps: number;

  /** `fps`: what was asked for; the file's own rate goes before it. */
  constructor(native: Native, path: string, fps: number) {
    super(native);
    this.#path = path;
    this.#fps = fps;
  }

  get description(): string {
    return `y4m ${this.#path}`;
  }

  protected options(): SourceOptionsStruct {
    const { y4m } = SourceKind;
    const size = { width: 0, height: 0, seed: 0 };
    return { kind: y4m, ...size, fps: this.#fps, path: this.#path, tag: 0, each_seconds: 0 };
  }
}
