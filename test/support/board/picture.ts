import { Random } from '../random.ts';

/** What stands before a BMP's pixels. */
export const BMP_HEADER_BYTES = 54;

/** A picture whose every pixel is known: coloured rectangles on a slope, as a BMP of 24 bits. */
export function knownPicture(width = 640, height = 360): Buffer {
  const random = new Random(72);
  const rectangles = Array.from({ length: 24 }, () => ({
    left: random.integer(0, width - 1),
    top: random.integer(0, height - 1),
    width: random.integer(20, 200),
    height: random.integer(20, 200),
    colour: [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)],
  }));
  const row_bytes = Math.ceil((3 * width) / 4) * 4;
  const bmp = Buffer.alloc(BMP_HEADER_BYTES + row_bytes * height);
  bmp.write('BM', 'latin1');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(BMP_HEADER_BYTES, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  // From the bottom row upwards.
  bmp.writeInt32LE(height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const over = rectangles.findLast(
        ({ left, top, ...size }) =>
          x >= left && x < left + size.width && y >= top && y < top + size.height,
      );
      const colour = over?.colour ?? [(x * 255) / width, (y * 255) / height, 128];
      bmp.set(colour.map(Math.floor), BMP_HEADER_BYTES + (height - 1 - y) * row_bytes + 3 * x);
    }
  }
  return bmp;
}
