import { byteOffsets, type LabelledImages, type Size } from '../data/dataset.ts';
import type { Thumbnails } from './data.ts';
import { encodePng } from './png.ts';

/** Larger images are made smaller, so that a page of hundreds stays light. */
const MOST = 32;
const COLUMNS = 25;

type Images = Pick<LabelledImages, 'channels' | 'sizes' | 'pixels'>;

/**
 * Pictures of some images, at most so many pixels high and wide, each in the middle of its place where their sizes differ; of other
 * channels than three only the first is shown.
 */
export async function thumbnails(images: Images, chosen: ArrayLike<number>, most = MOST): Promise<Thumbnails> {
  const { channels: given, sizes, pixels } = images;
  const channels = given === 3 ? 3 : 1;
  const offsets = byteOffsets(images);
  const pictures = Array.from(chosen, (image) => {
    const [fullHeight, fullWidth] = sizes.subarray(2 * image, 2 * image + 2) as unknown as Size;
    const scale = Math.max(1, fullHeight / most, fullWidth / most);
    const [height, width] = [fullHeight, fullWidth].map((size) => Math.max(1, Math.floor(size / scale))) as [
      number,
      number,
    ];
    return { start: offsets[image] as number, fullWidth, scale, height, width };
  });
  const [height, width] = [
    Math.max(...pictures.map((one) => one.height)),
    Math.max(...pictures.map((one) => one.width)),
  ];
  const columns = Math.min(COLUMNS, chosen.length);
  const sheet = { width: columns * width, height: Math.ceil(chosen.length / columns) * height, channels } as const;
  const all = new Uint8Array(sheet.width * sheet.height * channels);
  pictures.forEach(({ start, fullWidth, scale, ...own }, i) => {
    const top = Math.floor(i / columns) * height + ((height - own.height) >> 1);
    const left = (i % columns) * width + ((width - own.width) >> 1);
    for (let y = 0; y < own.height; y++)
      for (let x = 0; x < own.width; x++)
        for (let channel = 0; channel < channels; channel++)
          all[((top + y) * sheet.width + left + x) * channels + channel] = meanOf(
            pixels,
            [Math.floor(y * scale), Math.max(Math.floor(y * scale) + 1, Math.floor((y + 1) * scale))],
            [Math.floor(x * scale), Math.max(Math.floor(x * scale) + 1, Math.floor((x + 1) * scale))],
            (row, column) => start + (row * fullWidth + column) * given + channel,
          );
  });
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
