import { availableParallelism } from 'node:os';
import { kindOf } from '../file_kind.ts';
import { type Decode, fitted, MOST_PIXELS } from './decode.ts';

/** Images that are decoded at once: libuv's pool has four threads, each of which decodes one. */
export const DECODED_AT_ONCE = 2 * Math.min(4, availableParallelism());

/** What sharp says, to what a person can do something about. */
const REASONS: readonly (readonly [said: RegExp, why: string])[] = [
  [/pixel limit/, 'it claims more pixels than any photograph has'],
  [/unsupported image format/, 'it is no image of a format that can be decoded (JPEG, PNG, WebP, GIF, TIFF, AVIF)'],
  [/premature end|Unexpected end|truncated/i, 'it is truncated'],
];

/** Decodes by sharp (libvips), which is loaded at the first call; see `Decode`. */
export async function createDecoder(): Promise<Decode> {
  const { default: sharp } = await import('sharp').catch((cause) => {
    throw new Error('Images are decoded by the package sharp, which is not installed: npm install sharp@0.35.5.', {
      cause,
    });
  });
  // Several images are decoded at once, and each once.
  sharp.concurrency(1);
  sharp.cache(false);
  const attempt: Decode = async (bytes, most) => {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MOST_PIXELS }).autoOrient();
    const { autoOrient } = await image.metadata();
    const [height, width] = fitted([autoOrient.height, autoOrient.width], most);
    const { data, info } = await image
      .resize({ width, height, fit: 'fill' })
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it was decoded to ${info.channels} channels`);
    return { size: [info.height, info.width], pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  };
  const orAlone = retriedAlone();
  return async (bytes, most) => {
    const kind = kindOf(bytes);
    // A drawing has no pixels of its own, and a text of any other kind is no image.
    if (kind && !kind.isImage) throw new Error(`it is ${kind.what}`);
    try {
      return await orAlone(() => attempt(bytes, most));
    } catch (cause) {
      const said = (cause as Error).message;
      const known = REASONS.find(([pattern]) => pattern.test(said))?.[1];
      throw new Error(known ?? `it is damaged (${said.split('\n')[0]?.replace(/[.:]\s*$/, '')})`, { cause });
    }
  };
}

/**
 * Runs what is given at once, and what fails once more while nothing else runs: libvips has one buffer for the errors of all
 * threads, so that one that fails beside another may be told the other's, or none.
 */
function retriedAlone(): <T>(part: () => Promise<T>) => Promise<T> {
  const running = new Set<Promise<unknown>>();
  let alone: Promise<unknown> = Promise.resolve();
  return async (part) => {
    let seen: unknown;
    // Another may have failed meanwhile.
    while (seen !== alone) {
      seen = alone;
      await seen;
    }
    const first = part();
    running.add(first);
    try {
      return await first;
    } catch {
      const again = alone.then(() => Promise.allSettled(running)).then(part);
      alone = again.catch(() => {});
      return await again;
    } finally {
      running.delete(first);
    }
  };
}
