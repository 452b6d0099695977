// Fashion-MNIST and what else comes as four IDX files (MNIST, KMNIST): 28 x 28 grey images in ten classes.
// Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
// arXiv 1708.07747, https://github.com/zalandoresearch/fashion-mnist.

import { commonSize, equalSizes, type LabelledImages, type Size, type Splits } from './dataset.ts';
import { readIdxImages, readIdxLabels } from './idx.ts';

/** The names of Fashion-MNIST's ten classes, in the order of its labels. */
export const FASHION_MNIST_CLASSES: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** The usual names of the four files; each may also end in `.gz`. */
export const IDX_FILES = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

/** A file in memory, plain or gzip-compressed; the name is for errors. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The four IDX files of a data set, already decompressed. */
export interface IdxFiles {
  readonly train: { readonly images: NamedBytes; readonly labels: NamedBytes };
  readonly test: { readonly images: NamedBytes; readonly labels: NamedBytes };
}

/**
 * Reads a data set of four IDX files. Labels that do not count from 0 without a gap, as those of EMNIST's letters, which are 1 to
 * 26, are mapped to those that do, and `notes` says so. Without names, classes are called by the labels of the file.
 * @param classes names by label: one for each that there is, in order, or one for each from 0 on.
 * Throws one sentence that names the file when one is damaged, when images and labels do not belong together, when
 * training images have fewer than two classes, or when a test image has a label that no training image has.
 */
export async function readIdxSplits(
  name: string,
  files: IdxFiles,
  classes?: readonly string[],
): Promise<Splits & { readonly notes: readonly string[] }> {
  const [train, test] = [await readSplit(files.train), await readSplit(files.test)];
  const [height, width] = commonSize(train.sizes) as Size;
  const [testHeight, testWidth] = commonSize(test.sizes) as Size;
  if (testHeight !== height || testWidth !== width)
    throw new Error(
      `${files.test.images.name} has images of ${testWidth} x ${testHeight} pixels, but those of ${files.train.images.name} have ${width} x ${height}.`,
    );
  const found = [...new Set(train.labels)].sort((a, b) => a - b);
  const last = found.at(-1) as number;
  if (found.length < 2)
    throw new Error(`${files.train.labels.name} has only one class, and training needs at least two.`);
  const stranger = test.labels.find((label) => !found.includes(label));
  if (stranger !== undefined)
    throw new Error(
      `${files.test.labels.name} has the label ${stranger}, but ${files.train.labels.name} has only ${rangeOf(found)}.`,
    );
  const isMapped = last !== found.length - 1;
  const hasEach = classes !== undefined && isMapped && classes.length === found.length;
  if (classes && !hasEach && last >= classes.length)
    throw new Error(
      `${files.train.labels.name} has the label ${last}, but there are only ${classes.length} classes (0 to ${classes.length - 1}).`,
    );
  const names = found.map((label, place) => classes?.[hasEach ? place : label] ?? `class ${label}`);
  const places = new Map(found.map((label, place) => [label, place]));
  const finished = (split: Split, title: string): LabelledImages => ({
    ...split,
    labels: split.labels.map((label) => places.get(label) as number),
    name: `${name} (${title})`,
    classes: names,
  });
  return {
    train: finished(train, 'train'),
    test: finished(test, 'test'),
    notes: isMapped ? [`Its labels are ${rangeOf(found)}; here they are 0 to ${found.length - 1}, in this order.`] : [],
  };
}

/** Ascending numbers in words: "1 to 26", "0 to 3, 7". */
function rangeOf(numbers: readonly number[]): string {
  const starts = numbers.flatMap((value, i) => (value - 1 === numbers[i - 1] ? [] : [i]));
  return starts
    .map((start, i) => [numbers[start], numbers[(starts[i + 1] ?? numbers.length) - 1]])
    .map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`))
    .join(', ');
}

type Split = Pick<LabelledImages, 'channels' | 'sizes' | 'pixels' | 'labels'>;

async function readSplit({ images, labels }: IdxFiles['train']): Promise<Split> {
  const { count, height, width, pixels } = await readIdxImages(images.bytes, images.name);
  const read = await readIdxLabels(labels.bytes, labels.name);
  if (count === 0) throw new Error(`${images.name} has no images.`);
  if (read.length !== count)
    throw new Error(`${labels.name} has ${read.length} labels, but ${images.name} has ${count} images.`);
  return { channels: 1, sizes: equalSizes(count, [height, width]), pixels, labels: Int32Array.from(read) };
}
