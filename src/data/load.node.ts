import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabelledImages, Splits } from './dataset.ts';
import { createDecoder, DECODED_AT_ONCE } from './decode.node.ts';
import { type DecodedImage, mapAhead } from './decode.ts';
import { type DecodedCache, keyOf, openCache } from './decoded_cache.node.ts';
import { counted, type FoundDataset, type FoundSplit } from './formats/format.ts';
import { recognise } from './formats/index.ts';
import { isArchive, withArchives } from './tree/archives.ts';
import { openTree } from './tree/open.node.ts';
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

export interface LoadOptions {
  /** Fixes the split of a data set that has none; 0 unless given. */
  readonly seed?: number;
  /** What the shorter sides of images are bounded to; 256 unless given, as for training at 224. */
  readonly side?: number;
  /** Goes on without images that cannot be read. */
  readonly skipBad?: boolean;
  /** The folder of the caches of decoded images; one of the user's unless given. */
  readonly cache?: string;
  /** Told now and then how many images are decoded. */
  onProgress?(done: number, total: number): void;
}

/** An image that cannot be read, and why, as the end of a sentence. */
export interface BadImage {
  readonly path: string;
  readonly why: string;
}

export interface LoadedDataset extends Splits {
  /** What it is: "Oxford-IIIT Pets". */
  readonly format: string;
  /** What was decided, in sentences for people. */
  readonly notes: readonly string[];
  /** Images that were left out. */
  readonly bad: readonly BadImage[];
}

/**
 * Loads a data set from a folder or an archive, whichever of the known ones it is (see src/data/formats). Images are decoded once,
 * and kept in a cache on disk.
 * Throws one sentence that names the folder or file when nothing is recognised, when something is missing or wrong, or, without
 * `skipBad`, when images cannot be read.
 */
export async function loadDataset(path: string, options: LoadOptions = {}): Promise<LoadedDataset> {
  const { tree, found } = await findDataset(path, options.seed);
  try {
    return await load(tree, found, options);
  } finally {
    await tree.close();
  }
}

/** The shorter sides of images are bounded to this many pixels, as evaluation at 224 px has it. */
export const SIDE = 256;

/** The tree of a folder or an archive, to be closed, and the data set that is recognised in it. Throws when there is none. */
export async function findDataset(path: string, seed = 0): Promise<{ tree: FileTree; found: FoundDataset }> {
  const outer = await openTree(path);
  try {
    const found = await recognise(outer, seed);
    const archives = [...outer.files.keys()].filter(isArchive);
    if (archives.length > 0 && (!found || found.missing.length > 0)) {
      const tree = await withArchives(outer);
      const whole = (await recognise(tree, seed)) ?? found;
      if (whole) return { tree, found: whole };
    }
    if (!found) throw new Error(`${outer.name} holds no data set that is known: ${contentOf(outer)}.`);
    const unread =
      archives.length > 0
        ? [`${counted(archives.length, 'archive')} (${archives[0]}) that lies there too is not read.`]
        : [];
    return { tree: outer, found: { ...found, notes: [...found.notes, ...unread] } };
  } catch (error) {
    await outer.close();
    throw error;
  }
}

/** What a tree holds, as the end of a sentence. */
function contentOf({ files }: FileTree): string {
  const [first] = files.keys();
  if (first === undefined)
    return 'it is empty; give a folder of class folders with images, or one of the data sets that README.md names';
  return `it has ${counted(files.size, 'file')} (${first}${files.size > 1 ? ', …' : ''}), but no images in folders of their classes, no IDX files and none of the lists of known data sets`;
}

async function load(
  tree: FileTree,
  found: FoundDataset,
  { side = SIDE, skipBad = false, cache: parent, onProgress }: LoadOptions,
): Promise<LoadedDataset> {
  const { format, notes: decided, classes, missing } = found;
  const bad: BadImage[] = missing.map((path) => ({ path, why: 'it is named in a list, but not there' }));
  const title = tree.name.split('/').at(-1) as string;
  const paths = [found.train, found.test].flatMap((split) => (split.kind === 'files' ? split.paths : []));
  const notes = [...tree.notes, ...decided];
  if (paths.length === 0) {
    refuseBad(tree, bad, bad.length);
    return { format, notes, bad, train: pixelsOf(found.train), test: pixelsOf(found.test) };
  }
  const cache = await openCache(tree.name, side, parent);
  try {
    bad.push(...(await fill(cache, tree, paths, side, onProgress)));
    if (!skipBad) refuseBad(tree, bad, paths.length + missing.length);
    const split = (part: FoundSplit, of: string) =>
      part.kind === 'pixels' ? Promise.resolve(part.images) : gather(cache, tree, part, `${title} (${of})`, classes);
    const [train, test] = [await split(found.train, 'train'), await split(found.test, 'test')];
    const empty = classes.findIndex((_, label) => !train.labels.includes(label));
    if (empty >= 0) throw new Error(`${tree.name} has no readable training image of the class "${classes[empty]}".`);
    if (test.labels.length === 0) throw new Error(`${tree.name} has no readable test image.`);
    return { format, notes, bad, train, test };
  } finally {
    await cache.close();
  }
}

function pixelsOf(split: FoundSplit): LabelledImages {
  if (split.kind === 'pixels') return split.images;
  throw new Error('A split without files has no pixels.');
}

/** How many images a sentence names. */
const NAMED = 5;

function refuseBad(tree: FileTree, bad: readonly BadImage[], count: number): void {
  if (bad.length === 0) return;
  const named = bad.slice(0, NAMED).map(({ path, why }) => `${path} (${why})`);
  const more = bad.length > NAMED ? ` and ${bad.length - NAMED} more, which "coin data" lists` : '';
  throw new Error(
    `${tree.name}: ${bad.length} of ${counted(count, 'image')} cannot be read: ${named.join(', ')}${more}; mend or remove them, or go on without them (--skip-bad).`,
  );
}

const keyIn = (tree: FileTree, path: string): string =>
  keyOf(path, tree.files.get(path)?.size ?? -1, tree.stampOf(path));

/** Decodes the images that the cache does not have. Returns those that cannot be read. */
export async function fill(
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
  const bad: BadImage[] = [];
  const attempt = async ([path, bytes]: readonly [string, Uint8Array | Error]): Promise<
    [string, DecodedImage | Error]
  > => {
    try {
      return [path, bytes instanceof Error ? bytes : await decode(bytes, side)];
    } catch (error) {
      return [path, error as Error];
    }
  };
  let done = 0;
  for await (const [path, image] of mapAhead(tree.readEach(wanted), DECODED_AT_ONCE, attempt)) {
    if (image instanceof Error) bad.push({ path, why: image.message });
    else await cache.add(keys.get(path) as string, image);
    onProgress?.(++done, wanted.length);
  }
  return bad;
}

/** The images of a split that the cache has, in memory. */
async function gather(
  cache: DecodedCache,
  tree: FileTree,
  { paths, labels }: FoundSplit & { kind: 'files' },
  name: string,
  classes: readonly string[],
): Promise<LabelledImages> {
  const images = paths.flatMap((path, i) => {
    const image = cache.get(keyIn(tree, path));
    return image ? [{ image, label: labels[i] as number }] : [];
  });
  const bytes = images.reduce((sum, { image: { size } }) => sum + 3 * size[0] * size[1], 0);
  const pixels = new Uint8Array(bytes);
  let at = 0;
  for (const { image } of images) {
    await cache.read(image, pixels, at);
    at += 3 * image.size[0] * image.size[1];
  }
  return {
    name,
    channels: 3,
    sizes: Uint32Array.from(images.flatMap(({ image }) => image.size)),
    pixels,
    labels: Int32Array.from(images, ({ label }) => label),
    classes,
  };
}
