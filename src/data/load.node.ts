import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabelledImages, Splits } from './dataset.ts';
import { createDecoder, DECODED_AT_ONCE } from './decode.node.ts';
import { type DecodedImage, mapAhead } from './decode.ts';
import { type CachedImage, type DecodedCache, keyOf, openCache } from './decoded_cache.node.ts';
import { findDataset } from './find.node.ts';
import { counted, type FoundDataset, type FoundSplit } from './formats/format.ts';
import { allInMemory, type ImageSource, memorySource } from './image_source.ts';
import type { FileTree } from './tree/tree.ts';

const EMBEDDED = join('data', 'fashion-mnist-subset');

/** The folder of the images that come with this package: a part of Fashion-MNIST. */
export function embeddedFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, EMBEDDED))) {
    if (dirname(folder) === folder)
      throw new Error(
        `The images of ${EMBEDDED} come with the sources, not with the package: name another folder (--data).`,
      );
    folder = dirname(folder);
  }
  return join(folder, EMBEDDED);
}

/** What the shorter sides of images are bounded to: 256, as evaluation at 224 px has it. */
export const SIDE = 256;

/** How a data set is loaded. */
export interface LoadOptions {
  /** Fixes the split of a data set that has none; 0 unless given. */
  readonly seed?: number;
  /** What the shorter sides of images are bounded to when they are decoded; `SIDE` unless given. */
  readonly side?: number;
  /** Goes on without images that cannot be read. */
  readonly skipBad?: boolean;
  /** The folder of the caches of decoded images; one of the user's unless given. */
  readonly cache?: string;
  /** Told how many images are decoded. */
  onProgress?(done: number, total: number): void;
}

/** An image that cannot be read, and why, as the end of a sentence. */
export interface BadImage {
  readonly path: string;
  readonly why: string;
}

/** What is told of a data set beside its images. */
export interface Findings {
  /** What it is: "Oxford-IIIT Pets". */
  readonly format: string;
  /** What was decided, in sentences for people. */
  readonly notes: readonly string[];
  /** Images that were left out. */
  readonly bad: readonly BadImage[];
}

/** A split's images, and the files that they are of, unless they are in one with others. */
export interface SplitSource extends ImageSource {
  readonly paths?: readonly string[];
}

/** A data set that is not in memory; to be closed. */
export interface OpenedDataset extends Findings {
  readonly tree: FileTree;
  readonly classes: readonly string[];
  readonly train: SplitSource;
  readonly test: SplitSource;
  close(): Promise<void>;
}

/**
 * Loads a data set from a folder or an archive, whichever of the known ones it is (see src/data/formats), into memory. Images are
 * decoded once, and kept in a cache on disk.
 * Throws one sentence that names the folder or file when nothing is recognised, when something is missing or wrong, when, without
 * `skipBad`, images cannot be read, or when there is not one of each class to train on and one to test.
 */
export async function loadDataset(path: string, options: LoadOptions = {}): Promise<Splits & Findings> {
  const { format, notes, bad, close, ...splits } = await openDataset(path, options);
  try {
    return { format, notes, bad, train: await allInMemory(splits.train), test: await allInMemory(splits.test) };
  } finally {
    await close();
  }
}

/** As `loadDataset`, but for images that are files only their sizes are in memory. */
export async function openDataset(path: string, options: LoadOptions = {}): Promise<OpenedDataset> {
  const { tree, found } = await findDataset(path, options.seed ?? 0);
  try {
    return await open(tree, found, options);
  } catch (error) {
    await tree.close();
    throw error;
  }
}

async function open(
  tree: FileTree,
  found: FoundDataset,
  { side = SIDE, skipBad = false, cache: parent, onProgress }: LoadOptions,
): Promise<OpenedDataset> {
  const { format, classes, missing } = found;
  const paths = [found.train, found.test].flatMap((split) => (split.kind === 'files' ? split.paths : []));
  const bad: BadImage[] = missing.map((path) => ({ path, why: 'it is named in a list, but not there' }));
  const cache = paths.length > 0 ? await openCache(tree.name, side, parent) : undefined;
  try {
    if (cache) bad.push(...(await fill(cache, tree, paths, side, onProgress)));
    if (!skipBad) refuseBad(tree, bad, paths.length + missing.length);
    const title = tree.name.split('/').at(-1) as string;
    const splitOf = (split: FoundSplit, of: string): SplitSource =>
      split.kind === 'pixels'
        ? memorySource(split.images)
        : cachedSource(cache as DecodedCache, tree, split, { name: `${title} (${of})`, classes });
    const [train, test] = [splitOf(found.train, 'train'), splitOf(found.test, 'test')];
    const empty = classes.findIndex((_, label) => !train.labels.includes(label));
    const lacks = empty >= 0 ? `training image of the class "${classes[empty]}"` : 'test image';
    if (empty >= 0 || test.labels.length === 0)
      throw new Error(`${tree.name} has no readable ${lacks}${bad.length > 0 ? `; not read: ${named(bad)}` : ''}.`);
    return {
      ...{ format, notes: [...tree.notes, ...found.notes], bad, tree, classes, train, test },
      async close() {
        await cache?.close();
        await tree.close();
      },
    };
  } catch (error) {
    await cache?.close();
    throw error;
  }
}

/** How many images a sentence names. */
const NAMED = 5;

function refuseBad(tree: FileTree, bad: readonly BadImage[], count: number): void {
  if (bad.length === 0) return;
  throw new Error(
    `${tree.name}: ${bad.length} of ${counted(count, 'image')} cannot be read: ${named(bad)}; mend or remove them, or go on without them (--skip-bad).`,
  );
}

function named(bad: readonly BadImage[]): string {
  const first = bad.slice(0, NAMED).map(({ path, why }) => `${path} (${why})`);
  return `${first.join(', ')}${bad.length > NAMED ? ` and ${bad.length - NAMED} more, which "coin data" lists` : ''}`;
}

const keyIn = (tree: FileTree, path: string): string =>
  keyOf(path, tree.files.get(path)?.size ?? -1, tree.stampOf(path));

/** Decodes the images that the cache does not have. Returns those that cannot be read. */
async function fill(
  cache: DecodedCache,
  tree: FileTree,
  paths: readonly string[],
  side: number,
  onProgress?: (done: number, total: number) => void,
): Promise<BadImage[]> {
  const keys = new Map(paths.map((path) => [path, keyIn(tree, path)]));
  const wanted = [...keys].filter(([, key]) => cache.get(key) === undefined).map(([path]) => path);
  await cache.keep(new Set(keys.values()));
  if (wanted.length === 0) return [];
  const decode = await createDecoder();
  const attempt = async ([path, bytes]: readonly [string, Uint8Array | Error]): Promise<
    [string, DecodedImage | Error]
  > => {
    try {
      return [path, bytes instanceof Error ? bytes : await decode(bytes, side)];
    } catch (error) {
      return [path, error as Error];
    }
  };
  const bad: BadImage[] = [];
  let done = 0;
  for await (const [path, image] of mapAhead(tree.readEach(wanted), DECODED_AT_ONCE, attempt)) {
    if (image instanceof Error) bad.push({ path, why: image.message.replace(/\.$/, '') });
    else await cache.add(keys.get(path) as string, image);
    onProgress?.(++done, wanted.length);
  }
  return bad;
}

const bytesOf = ({ size }: CachedImage): number => 3 * size[0] * size[1];

/** The images of a split that the cache has. */
function cachedSource(
  cache: DecodedCache,
  tree: FileTree,
  { paths, labels }: FoundSplit & { kind: 'files' },
  about: Pick<LabelledImages, 'name' | 'classes'>,
): SplitSource {
  const images = paths.flatMap((path, i) => {
    const image = cache.get(keyIn(tree, path));
    return image ? [{ path, image, label: labels[i] as number }] : [];
  });
  return {
    ...about,
    channels: 3,
    sizes: Uint32Array.from(images.flatMap(({ image }) => image.size)),
    labels: Int32Array.from(images, ({ label }) => label),
    bytes: images.reduce((sum, { image }) => sum + bytesOf(image), 0),
    paths: images.map(({ path }) => path),
    async read(indices) {
      const wanted = Array.from(indices, (index) => (images[index] as (typeof images)[number]).image);
      const pixels = new Uint8Array(wanted.reduce((sum, image) => sum + bytesOf(image), 0));
      let at = 0;
      for (const image of wanted) {
        await cache.read(image, pixels, at);
        at += bytesOf(image);
      }
      return pixels;
    },
  };
}
