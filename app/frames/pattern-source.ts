import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { Source } from './source.ts';

export interface PatternOptions {
  width: number;
  height: number;
  fps: number;
  /** Of its shapes and their paths. */
  seed: number;
}

/** A moving picture that is the same for the same seed. */
export class PatternSource extends Source {
  readonly #options: PatternOptions;

  constructor(native: Native, options: PatternOptions) {
    super(native);
    this.#options = options;
  }

  get description(): string {
    return `pattern ${this.#options.width}x${this.#options.height}`;
  }

  protected options(): SourceOptionsStruct {
    return { kind: SourceKind.pattern, ...this.#options, path: null, tag: 0, each_seconds: 0 };
  }
}
