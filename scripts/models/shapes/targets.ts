import { ANCHOR, BOX_SCALES, GRID } from './network.ts';
import { CLASSES, type Scene, type SceneShape, SIDE } from './scene.ts';

export interface Targets {
  /** GRID x GRID x 4: encoded boxes, 0 where there is none. */
  boxes: Float32Array;
  /** GRID x GRID x (classes + 1), one-hot; background first. */
  classes: Float32Array;
  /** GRID x GRID: 1 where a place has a box. */
  positive: Float32Array;
  /** GRID x GRID: weight of the box: a small one must be met more closely to be the right one. */
  boxWeight: Float32Array;
  /** GRID x GRID: weight of the classes; 0 where the truth is open. */
  weight: Float32Array;
}

/** The share of a shape's box around its middle in which a place must find it. */
const HEART = 0.5;
/** Under this share still to be seen, a shape need not be found. */
const LEAST_VISIBLE = 0.4;

export function targetsOf(scene: Scene): Targets {
  const places = GRID * GRID;
  const targets: Targets = {
    boxes: new Float32Array(places * 4),
    classes: new Float32Array(places * (CLASSES.length + 1)),
    positive: new Float32Array(places),
    boxWeight: new Float32Array(places),
    weight: new Float32Array(places).fill(1),
  };
  const visible = scene.shapes.map((_, i) => visibleShare(scene, i));
  for (let place = 0; place < places; place++) {
    const x = ((place % GRID) + 0.5) / GRID;
    const y = (Math.floor(place / GRID) + 0.5) / GRID;
    const found = scene.shapes.findLast((shape) => isHeart(shape, x, y));
    const shape = found === undefined ? -1 : scene.shapes.indexOf(found);
    const near = scene.shapes.some((each) => inside(each, x, y, 1));
    if (found !== undefined && (visible[shape] as number) >= LEAST_VISIBLE) {
      targets.positive[place] = 1;
      targets.classes[place * (CLASSES.length + 1) + 1 + found.colour] = 1;
      targets.boxWeight[place] = ANCHOR / Math.sqrt(found.width * found.height);
      targets.boxes.set(encode(found, x, y), place * 4);
    } else {
      targets.classes[place * (CLASSES.length + 1)] = 1;
      if (near) targets.weight[place] = 0;
    }
  }
  return targets;
}

/** Of the shape's own pixels; 0 where none is left. */
function visibleShare(scene: Scene, index: number): number {
  const shape = scene.shapes[index] as SceneShape;
  const own = scene.top.reduce((sum, top) => sum + (top === index ? 1 : 0), 0);
  const fill = { disc: Math.PI / 4, square: 1, triangle: 0.5, diamond: 0.5 }[shape.kind];
  return own / (shape.width * shape.height * SIDE * SIDE * fill);
}

/** In the middle of the box, or the place that is nearest to its middle. */
function isHeart(shape: SceneShape, x: number, y: number): boolean {
  const middleX = shape.x + shape.width / 2;
  const middleY = shape.y + shape.height / 2;
  const nearest = Math.abs(x - middleX) <= 0.5 / GRID && Math.abs(y - middleY) <= 0.5 / GRID;
  return nearest || inside(shape, x, y, HEART);
}

function inside({ x, y, width, height }: SceneShape, atX: number, atY: number, part: number) {
  return (
    Math.abs(atX - x - width / 2) < (width / 2) * part &&
    Math.abs(atY - y - height / 2) < (height / 2) * part
  );
}

function encode({ x, y, width, height }: SceneShape, anchorX: number, anchorY: number): number[] {
  const [scaleY, scaleX, scaleHeight, scaleWidth] = BOX_SCALES;
  return [
    ((y + height / 2 - anchorY) / ANCHOR) * scaleY,
    ((x + width / 2 - anchorX) / ANCHOR) * scaleX,
    Math.log(height / ANCHOR) * scaleHeight,
    Math.log(width / ANCHOR) * scaleWidth,
  ];
}
