import { Emitter } from './emitter.ts';
import type { Tensor } from './graph.ts';

/** The float32 form. */
export class FloatEmitter extends Emitter {
  protected write({ name, shape, signature, data }: Tensor): number {
    const open = signature === undefined ? {} : { signature };
    const entry = { name, type: 'float32', shape, ...open } as const;
    return this.writer.addTensor(data === null ? entry : { ...entry, data });
  }

  protected version(): number {
    return 1;
  }
}
