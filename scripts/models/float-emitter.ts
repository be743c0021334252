import { Emitter } from './emitter.ts';
import type { Tensor } from './graph.ts';

/** The float32 form. */
export class FloatEmitter extends Emitter {
  protected write({ name, shape, data }: Tensor): number {
    const entry = { name, type: 'float32', shape } as const;
    return this.writer.addTensor(data === null ? entry : { ...entry, data });
  }

  protected version(): number {
    return 1;
  }
}
