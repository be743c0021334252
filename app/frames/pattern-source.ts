import koffi from 'koffi';
import { SourceKind } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import type { SourceOptionsStruct } from '../native/structs.ts';
import { type ShapeStruct, structs } from '../native/structs.ts';
import { Source, type TrueShape } from './source.ts';

const SHAPE = structs.ep_shape;
/** More than a pattern has. */
const MOST_SHAPES = 16;
/** The colours of native/src/pattern.cpp by their names. */
const COLOURS = new Map([
  ['220 40 40', 'red'],
  ['40 200 60', 'green'],
  ['50 70 220', 'blue'],
  ['230 210 40', 'yellow'],
  ['200 50 200', 'magenta'],
  ['40 200 210', 'cyan'],
]);

function colourName({ red, green, blue }: ShapeStruct): string {
  const name = COLOURS.get(`${red} ${green} ${blue}`);
  if (name === undefined)
    throw new Error(`the pattern has a colour without a name: ${red} ${green} ${blue}`);
  return name;
}

export interface PatternOptions {
  width: number;
  height: number;
  fps: number;
  /** Of its shapes and their paths. */
  seed: number;
}

/** A moving picture that is the same for the same seed. */
export class PatternSource extends Source {
  #options: PatternOptions;
  readonly #shapes = new Uint8Array(new ArrayBuffer(MOST_SHAPES * SHAPE.size));

  constructor(native: Native, options: PatternOptions) {
    super(native);
    this.#options = options;
  }

  get description(): string {
    return `pattern ${this.#options.width}x${this.#options.height}`;
  }

  override setSize(width: number, height: number): boolean {
    this.#options = { ...this.#options, width, height };
    return true;
  }

  /** The shapes by their colours, which no two of a frame share; the topmost last. */
  override truth(number: number): TrueShape[] {
    const { width, height, seed } = this.#options;
    const { ep_pattern_truth } = this.native;
    const count = ep_pattern_truth(seed, number, width, height, this.#shapes, MOST_SHAPES);
    const shapes = koffi.decode(this.#shapes, koffi.array(SHAPE, count)) as ShapeStruct[];
    return shapes.map((shape) => ({
      label: colourName(shape),
      visible: shape.visible,
      box: {
        x: shape.x / width,
        y: shape.y / height,
        width: shape.side / width,
        height: shape.side / height,
      },
    }));
  }

  protected options(): SourceOptionsStruct {
    return { kind: SourceKind.pattern, ...this.#options, path: null, tag: 0, each_seconds: 0 };
  }
}
