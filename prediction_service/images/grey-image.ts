/** One byte a pixel, row after row. */
export interface GreyImage {
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** Where something lies in an image. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The smallest box with all pixels of at least this value; undefined where there are none. */
export function boundsOf({ pixels, width, height }: GreyImage, least: number): Box | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x]! < least) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** What is inside a box, scaled so that its longer side is `side`; each new pixel is the mean of the area it covers. */
export function scaleBox({ pixels, width }: GreyImage, box: Box, side: number): GreyImage {
  const scale = Math.max(box.width, box.height) / side;
  const columns = Math.max(1, Math.round(box.width / scale));
  const rows = Math.max(1, Math.round(box.height / scale));
  const [stepX, stepY] = [box.width / columns, box.height / rows];
  const scaled = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      const [startX, startY] = [column * stepX, row * stepY];
      const [endX, endY] = [Math.min(startX + stepX, box.width), Math.min(startY + stepY, box.height)];
      for (let y = Math.floor(startY); y < endY; y++) {
        const rowHeight = Math.min(y + 1, endY) - Math.max(y, startY);
        for (let x = Math.floor(startX); x < endX; x++) {
          const columnWidth = Math.min(x + 1, endX) - Math.max(x, startX);
          sum += pixels[(box.top + y) * width + box.left + x]! * rowHeight * columnWidth;
        }
      }
      scaled[row * columns + column] = Math.round(sum / (stepX * stepY));
    }
  }
  return { pixels: scaled, width: columns, height: rows };
}
