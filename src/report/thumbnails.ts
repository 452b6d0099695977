import type { Thumbnails } from './data.ts';
import { encodePng } from './png.ts';

/** Larger images are made smaller, so that a page of hundreds stays light. */
const MOST = 32;
const COLUMNS = 25;

interface Images {
  readonly shape: readonly [n: number, height: number, width: number, channels: number];
  readonly pixels: Uint8Array;
}

/** Pictures of some images, at most 32 pixels high and wide; of other channels than three only the first is shown. */
export async function thumbnails({ shape, pixels }: Images, chosen: ArrayLike<number>): Promise<Thumbnails> {
  const [, fullHeight, fullWidth, given] = shape;
  const channels = given === 3 ? 3 : 1;
  const scale = Math.max(1, fullHeight / MOST, fullWidth / MOST);
  const [height, width] = [fullHeight, fullWidth].map((size) => Math.max(1, Math.floor(size / scale))) as [
    number,
    number,
  ];
  const columns = Math.min(COLUMNS, chosen.length);
  const sheet = { width: columns * width, height: Math.ceil(chosen.length / columns) * height, channels } as const;
  const all = new Uint8Array(sheet.width * sheet.height * channels);
  for (let i = 0; i < chosen.length; i++) {
    const start = (chosen[i] as number) * fullHeight * fullWidth * given;
    const [top, left] = [Math.floor(i / columns) * height, (i % columns) * width];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < channels; channel++)
          all[((top + y) * sheet.width + left + x) * channels + channel] = meanOf(
            pixels,
            [Math.floor(y * scale), Math.max(Math.floor(y * scale) + 1, Math.floor((y + 1) * scale))],
            [Math.floor(x * scale), Math.max(Math.floor(x * scale) + 1, Math.floor((x + 1) * scale))],
            (row, column) => start + (row * fullWidth + column) * given + channel,
          );
  }
  return { url: `data:image/png;base64,${base64(await encodePng(all, sheet))}`, columns, width, height };
}

type Span = readonly [from: number, to: number];

function meanOf(
  pixels: Uint8Array,
  [top, bottom]: Span,
  [left, right]: Span,
  at: (y: number, x: number) => number,
): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[at(y, x)] as number;
  return Math.round(sum / ((bottom - top) * (right - left)));
}

/** In parts, because a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += 8192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}
