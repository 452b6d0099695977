// Decoded images on disk, so that a data set is decoded once. A cache is a folder of segments; a segment is the pixels of images
// one after the other and a list of them, a line each. A program appends to a segment of its own, so that several may run at once,
// and a line is written after the pixels that it tells of, so that one that was killed leaves nothing wrong behind.
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, makeFolder } from '../files.node.ts';
import { userCache } from '../gpu/tune/store.node.ts';
import type { Size } from './dataset.ts';
import type { DecodedImage } from './decode.ts';

/** Where the pixels of a decoded image are. */
export interface CachedImage {
  readonly segment: string;
  /** In bytes. */
  readonly offset: number;
  readonly size: Size;
}

export interface DecodedCache {
  readonly folder: string;
  get(key: string): CachedImage | undefined;
  /** Throws in one sentence when it cannot be written. */
  add(key: string, image: DecodedImage): Promise<CachedImage>;
  /** The pixels of an image, into `target` from its byte `at` on. Throws in one sentence when they are no longer there. */
  read(image: CachedImage, target: Uint8Array, at: number): Promise<void>;
  /** Removes segments that have no image with one of these keys, unless a program may still be writing them. */
  keep(keys: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

/** Of what is in the files; raised when decoding changes. */
const VERSION = 1;
const CHANNELS = 3;
/** In milliseconds. */
const DAY = 24 * 60 * 60 * 1000;

const pixelsOf = (segment: string) => `${segment}.pixels`;
const listOf = (segment: string) => `${segment}.list`;

/** Tells versions of an image apart: a word without spaces. */
export const keyOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

/**
 * The cache of a data set.
 * @param name where the data set is.
 * @param side what the shorter sides of images are bounded to.
 * @param parent the folder of all caches.
 */
export async function openCache(
  name: string,
  side: number,
  parent = join(userCache(), 'decoded'),
): Promise<DecodedCache> {
  const folder = join(parent, keyOf(name, side, VERSION));
  await explained(`The folder ${folder} of decoded images cannot be made`, () => makeFolder(folder));
  const images = new Map<string, CachedImage>();
  const files = await readdir(folder);
  for (const file of files) {
    if (!file.endsWith('.list')) continue;
    const segment = file.slice(0, -'.list'.length);
    const { size } = await stat(join(folder, pixelsOf(segment))).catch(() => ({ size: 0 }));
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n').slice(0, -1)) {
      const [key = '', ...numbers] = line.split(' ');
      const [offset = -1, height = 0, width = 0] = numbers.map(Number);
      if (offset >= 0 && height > 0 && width > 0 && offset + height * width * CHANNELS <= size)
        images.set(key, { segment, offset, size: [height, width] });
    }
  }
  const handles = new Map<string, Promise<FileHandle>>();
  const handleOf = (file: string, flags: string) => {
    const handle = handles.get(file) ?? open(join(folder, file), flags);
    handles.set(file, handle);
    return handle;
  };
  const own = randomUUID();
  let end = 0;
  return {
    folder,
    get: (key) => images.get(key),
    async add(key, { size, pixels }) {
      const image = { segment: own, offset: end, size };
      end += pixels.length;
      await explained(`The decoded images cannot be kept in ${folder} (COIN_CACHE names another folder)`, async () => {
        await (await handleOf(pixelsOf(own), 'a+')).appendFile(pixels);
        await (await handleOf(listOf(own), 'a')).appendFile(`${key} ${image.offset} ${size.join(' ')}\n`);
      });
      images.set(key, image);
      return image;
    },
    async read({ segment, offset, size }, target, at) {
      const length = size[0] * size[1] * CHANNELS;
      await explained(`The decoded images in ${folder} cannot be read`, async () => {
        const handle = await handleOf(pixelsOf(segment), 'r');
        for (let done = 0; done < length; ) {
          const { bytesRead } = await handle.read(target, at + done, length - done, offset + done);
          if (bytesRead === 0) throw new Error('they were removed or cut off; run again');
          done += bytesRead;
        }
      });
    },
    async keep(keys) {
      const wanted = new Set([...keys].flatMap((key) => images.get(key)?.segment ?? []));
      for (const file of files) {
        const segment = file.replace(/\.(list|pixels)$/, '');
        if (segment === own || wanted.has(segment)) continue;
        const { mtimeMs } = await stat(join(folder, file)).catch(() => ({ mtimeMs: 0 }));
        if (Date.now() - mtimeMs > DAY) await rm(join(folder, file), { force: true });
      }
    },
    async close() {
      for (const handle of handles.values()) await (await handle).close();
    },
  };
}
