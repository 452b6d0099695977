// What decoding an image gives, whichever library does it: sharp in Node (decode.node.ts), the browser's own (decode_web.ts).
import type { Size } from './dataset.ts';

/** An image as bytes (height, width, 3), row-major: red, green and blue. */
export interface DecodedImage {
  readonly size: Size;
  readonly pixels: Uint8Array;
}

/**
 * Decodes the first frame of an image to eight bits of sRGB: turned as its EXIF data say, grey in all three channels, transparent
 * pixels on white. It is made smaller, not larger, so that its shorter side has at most `most` pixels (see `fitted`).
 * Throws why that cannot be done, as the end of a sentence that begins with the file's name.
 */
export type Decode = (bytes: Uint8Array, most: number) => Promise<DecodedImage>;

/** No photograph has more pixels; a file that claims more is damaged, or made to fill memory. */
export const MOST_PIXELS = 2 ** 28;

/** How many times the longer side may be as long as the shorter side's bound. */
const LONGEST = 16;

/** The size of an image whose shorter side has at most `most` pixels, and whose longer one at most 16 times that. */
export function fitted([height, width]: Size, most: number): Size {
  const [shorter, longer] = [Math.min(height, width), Math.max(height, width)];
  const factor = Math.min(1, most / shorter, (LONGEST * most) / longer);
  return [Math.max(1, Math.round(height * factor)), Math.max(1, Math.round(width * factor))];
}

/**
 * Results of `map` in the order of what they are made from, while up to `ahead` of them are made at once. An error of `map` is
 * thrown in its place.
 */
export async function* mapAhead<T, R>(
  source: AsyncIterable<T>,
  ahead: number,
  map: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  try {
    for await (const value of source) {
      const result = map(value);
      // Its error is thrown when its turn comes, which may be later.
      result.catch(() => {});
      pending.push(result);
      if (pending.length >= ahead) yield await (pending.shift() as Promise<R>);
    }
    for (let next = pending.shift(); next; next = pending.shift()) yield await next;
  } finally {
    await Promise.allSettled(pending);
  }
}
