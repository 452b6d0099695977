// Images that are named on the command line, decoded and shown to a model.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Size } from '../data/dataset.ts';
import { createDecoder, DECODED_AT_ONCE } from '../data/decode.node.ts';
import { type DecodedImage, mapAhead } from '../data/decode.ts';
import { isImage } from '../data/formats/class_folders.ts';
import { pick } from '../data/image_source.ts';
import { SIDE, type SplitSource } from '../data/load.node.ts';
import { allIndices } from '../data/sampler.ts';
import { isArchive } from '../data/tree/archives.ts';
import { openTree } from '../data/tree/open.node.ts';
import { explained } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import type { Model } from '../nn/model.ts';
import { createInference, type InferenceOptions, type Inferred } from '../train/inference.ts';

/** What is known of some of the images. */
export interface Shown extends Inferred {
  readonly paths: readonly string[];
}

const BATCH = 16;

/**
 * Shows all images of files, folders and archives to a model, those of a folder in the order of their paths. What cannot be read
 * is told, and left out. Throws where a path is not there or a folder has no image.
 */
export async function* showImages(
  device: Device,
  model: Model,
  given: readonly string[],
  options: InferenceOptions,
  tellBad: (path: string, why: string) => void,
): AsyncGenerator<Shown> {
  const { channels } = model.encoder;
  if (channels !== 1 && channels !== 3)
    throw new Error(`The model takes images of ${channels} channels, and no file of an image has as many.`);
  const side = Math.max(SIDE, ...options.view.size);
  const decode = await createDecoder();
  const decoded = mapAhead(imagesIn(given), DECODED_AT_ONCE, async ({ path, read }) => {
    try {
      const bytes = await read();
      if (bytes instanceof Error) throw bytes;
      return { path, image: inChannels(await decode(bytes, side), channels) };
    } catch (error) {
      return { path, why: (error as Error).message.replace(/\.$/, '') };
    }
  });
  const show = await createInference(device, model, { ...options, batch: BATCH });
  let batch: { path: string; size: Size; pixels: Uint8Array }[] = [];
  const shown = async (): Promise<Shown> => {
    const paths = batch.map(({ path }) => path);
    const sizes = Uint32Array.from(batch.flatMap(({ size }) => [...size]));
    const pixels = Uint8Array.from(Buffer.concat(batch.map((image) => image.pixels)));
    batch = [];
    return { paths, ...(await show({ sizes, pixels })) };
  };
  for await (const { path, image, why } of decoded) {
    if (image) batch.push({ path, ...image });
    else tellBad(path, why);
    if (batch.length === BATCH) yield await shown();
  }
  if (batch.length > 0) yield await shown();
}

/** Shows all images of a data set to a model, in their order; those that are of no file of their own go by their numbers. */
export async function* showSource(
  device: Device,
  model: Model,
  source: SplitSource,
  options: InferenceOptions,
): AsyncGenerator<Shown> {
  const show = await createInference(device, model, { ...options, batch: BATCH });
  const all = allIndices(source.labels.length);
  for (let from = 0; from < all.length; from += BATCH) {
    const chosen = all.subarray(from, from + BATCH);
    const pixels = await source.read(chosen);
    const paths = Array.from(chosen, (image) => source.paths?.[image] ?? `${image}`);
    yield { paths, ...(await show({ sizes: pick(source, chosen).sizes, pixels: Uint8Array.from(pixels) })) };
  }
}

interface Listed {
  readonly path: string;
  read(): Promise<Uint8Array | Error>;
}

async function* imagesIn(given: readonly string[]): AsyncGenerator<Listed> {
  for (const path of given) {
    const stats = await explained(`The image ${path} cannot be read`, () => stat(path));
    if (!stats.isDirectory() && !isArchive(path)) {
      yield { path, read: () => explained('it cannot be read', () => readFile(path)) };
      continue;
    }
    const tree = await openTree(path);
    try {
      const images = [...tree.files.keys()].filter(isImage);
      if (images.length === 0) throw new Error(`${path} has no image (JPEG, PNG, WebP, GIF, TIFF, AVIF).`);
      for await (const [below, bytes] of tree.readEach(images))
        yield { path: join(path, below), read: async () => bytes };
    } finally {
      await tree.close();
    }
  }
}

/** The weights of red, green and blue in grey as Pillow has them, in 65,536ths. */
const GREY = [19595, 38470, 7471] as const;

function inChannels({ size, pixels }: DecodedImage, channels: 1 | 3): DecodedImage {
  if (channels === 3) return { size, pixels };
  const [red, green, blue] = GREY;
  const at = (i: number) => pixels[i] as number;
  const grey = Uint8Array.from(
    { length: pixels.length / 3 },
    (_, i) => (red * at(3 * i) + green * at(3 * i + 1) + blue * at(3 * i + 2) + 32768) >> 16,
  );
  return { size, pixels: grey };
}
