// The options that say which images, and what is told of them.
import type { Command } from 'commander';
import { commonSize, type LabelledImages, type Size, type Splits } from '../data/dataset.ts';
import { counted } from '../data/formats/format.ts';
import { embeddedFolder, type Findings, type LoadOptions, loadDataset, SIDE } from '../data/load.node.ts';

export interface DataOptions {
  readonly data?: string;
  readonly skipBad?: boolean;
}

/** Adds `--data` and `--skip-bad`. */
export const addDataOptions = (command: Command): Command =>
  command
    .option(
      '--data <path>',
      'images: a folder of class folders, four IDX files, or a known data set, also in its archives (default: the embedded images)',
    )
    .option('--skip-bad', 'go on without images that cannot be read');

/** Loads the images of `--data` and tells on stderr what they are. `size` is that of the views, in pixels. */
export async function loadData({ data, skipBad = false }: DataOptions, size = 0): Promise<Splits & Findings> {
  if (data === undefined) return loadDataset(embeddedFolder());
  const loaded = await loadDataset(data, { skipBad, side: sideFor(size), onProgress: tellProgress() });
  const { format, notes, bad, train, test } = loaded;
  const parts = [
    counted(train.classes.length, 'class', 'classes'),
    `${counted(train.labels.length, 'image')} to train on`,
    `${counted(test.labels.length, 'image')} to test`,
  ];
  console.error(`${data}: ${format}; ${parts.join(', ')}`);
  for (const note of notes) console.error(`  ${note}`);
  if (bad.length > 0) console.error(`  ${counted(bad.length, 'image')} that cannot be read left out.`);
  return loaded;
}

/** What images are bounded to for views of a size: an eighth more at each side, as 256 is for 224. */
const sideFor = (size: number): number => Math.max(SIDE, Math.ceil((size * 8) / 7));

/** The usual size of views. */
const USUAL = 224;

/** The size of views: as given, else the images' own if they have one that is not large and has whole patches, else 224 × 224. */
export function viewSize({ sizes }: Pick<LabelledImages, 'sizes'>, given?: number, patch = 1): { size?: Size } {
  if (given !== undefined) return { size: [given, given] };
  const common = commonSize(sizes);
  return common?.every((pixels) => pixels <= USUAL && pixels % patch === 0) ? {} : { size: [USUAL, USUAL] };
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
