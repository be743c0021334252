import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { Source } from './source.ts';

/** Text that is shown and sent around without the passwords in it. */
function withoutPasswords(text: string): string {
  return text
    .replace(/\/\/[^\s"'/@]+@/g, '//...@')
    .replace(
      /\b(user-id|user-pw|[\w-]*(?:password|passphrase|secret|token)[\w-]*)=\S+/gi,
      '$1=...',
    );
}

/** What a GStreamer pipeline gives at its end. */
export class GstSource extends Source {
  readonly #pipeline: string;
  readonly #fps: number;

  /** `pipeline`: the elements without the sink. `fps`: where the pipeline does not say. */
  constructor(native: Native, pipeline: string, fps: number) {
    super(native);
    this.#pipeline = pipeline;
    this.#fps = fps;
  }

  get description(): string {
    return `gst ${withoutPasswords(this.#pipeline)}`;
  }

  protected options(): SourceOptionsStruct {
    const { gst } = SourceKind;
    const size = { width: 0, height: 0, seed: 0 };
    return { kind: gst, ...size, fps: this.#fps, path: this.#pipeline, tag: 0, each_seconds: 0 };
  }
}
