// The options that say which images, and what is told of them.
import type { Command } from 'commander';
import {
  commonSize,
  createDataset,
  type Dataset,
  type LabelledImages,
  type Size,
  type Statistics,
} from '../data/dataset.ts';
import { createFedDataset, estimateStatistics, fits } from '../data/feed.ts';
import { counted } from '../data/formats/format.ts';
import { allInMemory, type ImageSource } from '../data/image_source.ts';
import { embeddedFolder, type LoadOptions, type OpenedDataset, openDataset, SIDE } from '../data/load.node.ts';
import type { Device } from '../gpu/device.ts';
import { median } from '../quantile.ts';

export interface DataOptions {
  readonly data?: string;
  readonly skipBad?: boolean;
  readonly stream?: boolean;
}

/** Adds `--data`, `--skip-bad` and `--stream`. */
export const addDataOptions = (command: Command): Command =>
  command
    .option(
      '--data <path>',
      'images: a folder of class folders, four IDX files, or a known data set, also in its archives (default: the embedded images)',
    )
    .option('--skip-bad', 'go on without images that cannot be read')
    .option('--stream', 'bring images to the GPU batch by batch, as is done anyway where they do not fit there');

/**
 * Opens the images of `--data` for an action and tells on stderr what they are. `size` is that of the views, in pixels.
 */
export async function withData<T>(
  { data, skipBad = false }: DataOptions,
  size: number,
  action: (opened: OpenedDataset) => Promise<T>,
): Promise<T> {
  const path = data ?? embeddedFolder();
  const opened = await openDataset(path, { skipBad, side: sideFor(size), onProgress: tellProgress() });
  try {
    if (data !== undefined) tell(data, opened);
    return await action(opened);
  } finally {
    await opened.close();
  }
}

function tell(path: string, { format, notes, bad, classes, train, test }: OpenedDataset): void {
  const parts = [
    counted(classes.length, 'class', 'classes'),
    `${counted(train.labels.length, 'image')} to train on`,
    `${counted(test.labels.length, 'image')} to test`,
  ];
  console.error(`${path}: ${format}; ${parts.join(', ')}`);
  for (const note of notes) console.error(`  ${note}`);
  if (bad.length > 0) console.error(`  ${counted(bad.length, 'image')} that cannot be read left out.`);
}

/**
 * Images for a device: all of them where they fit and `stream` does not say otherwise, else brought batch by batch, and then that
 * is told on stderr. The statistics are the images' own unless given.
 */
export async function onDevice(
  { target }: Device,
  source: ImageSource,
  {
    batch,
    stream = false,
    statistics,
  }: { batch: number; stream?: boolean | undefined; statistics?: Statistics | undefined },
): Promise<Dataset> {
  if (!stream && fits(target, source)) return createDataset(target, await allInMemory(source), statistics);
  const size = `${(source.bytes / 2 ** 20).toFixed(0)} MiB`;
  console.error(`${source.name}: ${size} of pixels are brought to the GPU batch by batch.`);
  return createFedDataset(target, source, batch + 1, statistics ?? (await estimateStatistics(source)));
}

/** What images are bounded to for views of a size: an eighth more at each side, as 256 is for 224. */
const sideFor = (size: number): number => Math.max(SIDE, Math.ceil((size * 8) / 7));

/** The usual size of views. */
const USUAL = 224;

/** Steps between the sizes of views that follow from the images', and the least of them. */
const STEP = 16;
const LEAST = 32;

/**
 * The size of views: as given, else the images' own if they have one that is not large. Those of images of different sizes are as
 * the median of their shorter sides, in steps of 16 from 32 to 224: larger views would cost time and show no more.
 */
export function viewSize({ sizes }: Pick<LabelledImages, 'sizes'>, given?: number): { size?: Size } {
  if (given !== undefined) return { size: [given, given] };
  const common = commonSize(sizes);
  if (common && Math.max(...common) <= USUAL) return {};
  const shorter = Uint32Array.from({ length: sizes.length / 2 }, (_, i) =>
    Math.min(sizes[2 * i] as number, sizes[2 * i + 1] as number),
  );
  const side = Math.max(LEAST, Math.min(USUAL, STEP * Math.round(median(shorter) / STEP)));
  return { size: [side, side] };
}

/** Milliseconds between lines where nobody watches a terminal. */
const EVERY = 10_000;

/** Tells on stderr how far decoding is: in a line that changes on a terminal, elsewhere in one now and then. */
export function tellProgress(): NonNullable<LoadOptions['onProgress']> {
  const { stderr } = process;
  let last = performance.now();
  return (done, total) => {
    const now = performance.now();
    const isOver = done === total;
    if (now - last < (stderr.isTTY ? 100 : EVERY) && !(isOver && stderr.isTTY)) return;
    last = now;
    const line = `decoding images: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
    stderr.write(stderr.isTTY ? `\r${line}${isOver ? '\n' : ''}` : `${line}\n`);
  };
}
